"""What this machine has of what danceit can use, and what to install where it is missing."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

from danceit.files import cache_dir

_NEEDED = {
    "numpy": "numpy", "scipy": "scipy", "torch": "torch", "duckdb": "duckdb",
    "librosa": "librosa", "soundfile": "soundfile", "av": "av", "cv2": "opencv-python-headless",
    "statsmodels": "statsmodels", "safetensors": "safetensors", "click": "click",
}  # fmt: skip
_OPTIONAL = {
    "mediapipe": ("mediapipe", "poses from plain video", "pip install 'danceit[video]'"),
    "onnxruntime": ("onnxruntime", "RTMPose models", "pip install onnxruntime"),
    "lance": ("pylance", "the cluster store", "pip install 'danceit[cluster]'"),
}


@dataclass(frozen=True)
class Check:
    """One line of `danceit doctor`; `remedy` says what to do where it is not `ok`."""

    what: str
    found: str
    ok: bool
    needed: bool
    remedy: str = ""

    @property
    def told(self) -> str:
        """What was found, and for what can be done without how to get it."""
        return self.found if self.ok or self.needed else f"{self.found}; {self.remedy}"

    @property
    def mark(self) -> str:
        """ok, MISSING (needed) or a dash (optional)."""
        return "ok" if self.ok else ("MISSING" if self.needed else "-")


def examine() -> list[Check]:
    """Import and try everything; never raises."""
    checks = [
        Check(
            "python",
            sys.version.split()[0],
            sys.version_info >= (3, 11),
            True,
            "danceit needs Python 3.11 or later",
        )
    ]
    checks += [
        _package(module, package, "", f"pip install {package}", needed=True)
        for module, package in _NEEDED.items()
    ]
    checks.append(_tried("faiss", _faiss, "pip install 'danceit[cpu]' (or [gpu])", needed=True))
    checks.append(_tried("H.264 and AAC", _encoders, "pip install --upgrade av", needed=True))
    checks.append(
        _tried("cache folder", lambda: str(cache_dir()), "set DANCEIT_CACHE", needed=True)
    )
    checks.append(_cuda())
    checks.append(_microphones())
    checks += [
        _package(module, package, what, remedy, needed=False)
        for module, (package, what, remedy) in _OPTIONAL.items()
    ]
    return checks


def _package(module: str, package: str, what: str, remedy: str, *, needed: bool) -> Check:
    def found() -> str:
        import_module(module)
        return version(package)

    return _tried(f"{package} ({what})" if what else package, found, remedy, needed=needed)


def _tried(what: str, attempt: Callable[[], str], remedy: str, *, needed: bool) -> Check:
    try:
        return Check(what, attempt(), True, needed, remedy)
    except PackageNotFoundError:
        return Check(what, "installed, version unknown", True, needed, remedy)
    except Exception as exc:  # a check reports whatever is wrong with the machine
        absent = isinstance(exc, ModuleNotFoundError)
        found = "not installed" if absent else f"{type(exc).__name__}: {exc}".splitlines()[0]
        return Check(what, found, False, needed, remedy)


def _microphones() -> Check:
    what, remedy = "sounddevice (microphones for danceit live)", "pip install 'danceit[live]'"
    try:
        import sounddevice
    except ModuleNotFoundError:
        return Check(what, "not installed", False, False, remedy)
    except OSError:
        # The package is there, the library of the system that it plays and records by is not.
        remedy = "install it with the system's packages (libportaudio2 on Debian)"
        return Check(what, "without PortAudio", False, False, remedy)
    return Check(what, str(sounddevice.__version__), True, False, remedy)


def _faiss() -> str:
    from danceit.index.store.faiss_module import load_faiss

    faiss = load_faiss()
    cards = faiss.get_num_gpus() if hasattr(faiss, "get_num_gpus") else 0
    return f"{faiss.__version__}, {cards} CUDA card{'s' if cards != 1 else ''}"


def _encoders() -> str:
    import av

    for name in ("libx264", "aac"):
        av.codec.Codec(name, "w")
    return f"libx264, aac (PyAV {av.__version__})"


def _cuda() -> Check:
    what, remedy = "CUDA for torch", "the CPU is used"
    try:
        import torch

        if torch.cuda.is_available():
            return Check(what, str(torch.cuda.get_device_name(0)), True, False)
    except Exception as exc:  # a check reports whatever is wrong with the machine
        return Check(what, f"{type(exc).__name__}: {exc}".splitlines()[0], False, False, remedy)
    return Check(what, "no card, or a torch built without CUDA", False, False, remedy)
