"""A tiny ONNX model that answers as RTMPose does: every keypoint is where it is brightest.

Written field by field (onnx.proto3), so that the tests need no package for it.
"""

import struct
from pathlib import Path

WIDTH, HEIGHT, KEYPOINTS = 192, 256, 17


def write_brightest(path: Path, outputs: int = 2) -> Path:
    """Write the model; with one output it is none that RTMPose would be."""
    nodes = [
        _node("ReduceMean", ["x"], "grey", axes=[1], keepdims=0),
        _node("ReduceMax", ["grey"], "columns", axes=[1], keepdims=1),
        _node("Relu", ["columns"], "bright_columns"),
        _node("Expand", ["bright_columns", "shape_x"], "simcc_x"),
        _node("ReduceMax", ["grey"], "rows", axes=[2], keepdims=1),
        _node("Transpose", ["rows"], "rows_last", perm=[0, 2, 1]),
        _node("Relu", ["rows_last"], "bright_rows"),
        _node("Expand", ["bright_rows", "shape_y"], "simcc_y"),
    ]
    given = [("simcc_x", [1, KEYPOINTS, WIDTH]), ("simcc_y", [1, KEYPOINTS, HEIGHT])]
    graph = b"".join(
        [
            *(_field(1, node) for node in nodes),
            _field(2, b"brightest"),
            _field(5, _int64s("shape_x", [1, KEYPOINTS, WIDTH])),
            _field(5, _int64s("shape_y", [1, KEYPOINTS, HEIGHT])),
            _field(11, _tensor("x", [1, 3, HEIGHT, WIDTH])),
            *(_field(12, _tensor(name, shape)) for name, shape in given[:outputs]),
        ]
    )
    opset = _field(1, b"") + _number(2, 13)
    path.write_bytes(_number(1, 8) + _field(7, graph) + _field(8, opset))
    return path


def _node(kind: str, inputs: list[str], output: str, **attributes: int | list[int]) -> bytes:
    parts = [_field(1, name.encode()) for name in inputs]
    parts += [_field(2, output.encode()), _field(4, kind.encode())]
    for name, value in attributes.items():
        if isinstance(value, int):
            content = _number(3, value) + _number(20, 2)
        else:
            content = b"".join(_number(8, one) for one in value) + _number(20, 7)
        parts.append(_field(5, _field(1, name.encode()) + content))
    return b"".join(parts)


def _tensor(name: str, shape: list[int]) -> bytes:
    dims = b"".join(_field(1, _number(1, size)) for size in shape)
    kind = _field(1, _number(1, 1) + _field(2, dims))
    return _field(1, name.encode()) + _field(2, kind)


def _int64s(name: str, values: list[int]) -> bytes:
    raw = struct.pack(f"<{len(values)}q", *values)
    return _number(1, len(values)) + _number(2, 7) + _field(8, name.encode()) + _field(9, raw)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
