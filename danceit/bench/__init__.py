"""Measures of dances, aligners and retrieval: metrics, protocols, reports."""
