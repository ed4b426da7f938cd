# SPDX-License-Identifier: Apache-2.0
"""The bytes of a graph as ONNX or as a program of ``torch.export``, and how each is run."""

import importlib
import io
import re
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import UserError
from ..errors.disk import unwritable
from ..files.atomic import check_writable

INPUT = 'image'
OUTPUTS = ('scores', 'labels')
OPSET = 17
"""int: Of ONNX; runtimes since 2022 know it."""
AXES = {0: 'batch', 2: 'height', 3: 'width'}

Run = Callable[[np.ndarray], Sequence[np.ndarray]]


def check_output(path: str) -> None:
    """Raises a UserError for a suffix of no format, a missing package, or a place that is taken."""
    suffix = Path(path).suffix
    if suffix not in FORMATS:
        raise UserError(
            f'{path}: name the file .onnx (for onnxruntime and other engines) or .pt2 (for '
            'torch.export.load).'
        )
    if Path(path).is_dir():
        raise UserError(unwritable(path, IsADirectoryError(0, 'it is a folder')))
    check_writable(path)
    if suffix == '.onnx':
        for name in ('onnx', 'onnxruntime'):
            try:
                importlib.import_module(name)
            except ImportError as error:
                raise UserError(
                    f'A file .onnx needs the package {name}: pip install "mmseg_im[export]", or '
                    'pip install -c constraints.txt -e ".[export]" in the folder of the README.'
                ) from error


def onnx_bytes(graph: nn.Module, example: Tensor, free: bool, notes: dict[str, str]) -> bytes:
    """Returns a graph as ONNX.

    torch's exporter by tracing, not its newer one by ``torch.export``: with free sizes that one
    reasons about the padding of EfficientNet for longer than three minutes, a trace takes seconds.
    What a trace makes of sizes is measured, see ``difference.py``.

    Args:
        graph (nn.Module): See :class:`~.graph.PredictionGraph`.
        example (Tensor): (N, C, H, W) float32.
        free (bool): Whether height and width are free; the batch always is.
        notes (dict[str, str]): Stored in the file as ``metadata_props``.

    Raises:
        UserError: If an operator of the network does not exist in ONNX.
    """
    import onnx

    axes = AXES if free else {0: AXES[0]}
    file = io.BytesIO()
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter('ignore')  # the tracer's, of each size in a condition
            torch.onnx.export(
                graph,
                (example,),
                file,  # type: ignore[arg-type]
                dynamo=False,
                opset_version=OPSET,
                input_names=[INPUT],
                output_names=list(OUTPUTS),
                dynamic_axes=dict.fromkeys((INPUT, *OUTPUTS), axes),
            )
    except UserError:
        raise
    except Exception as error:  # torch has a class for each reason, mmseg and the user others
        raise not_exported(error, 'ONNX') from error
    model = onnx.load_from_string(file.getvalue())
    with torch.no_grad():
        outputs = graph(example)
    for output, tensor in zip(model.graph.output, outputs, strict=True):
        for i, side in enumerate(output.type.tensor_type.shape.dim):
            if i not in axes:  # a trace calls the number of classes after an operator
                side.dim_value = tensor.shape[i]
    onnx.helper.set_model_props(model, notes)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def not_exported(error: Exception, form: str) -> UserError:
    """Returns a sentence that names the operator, or what torch says of it."""
    operator = re.search(r"operator '([\w:.]+)'|\b((?:aten|torchvision|mmcv)::\w+)", str(error))
    if operator:
        return UserError(
            f'The network cannot be written as {form}: it uses the operator '
            f'{operator[1] or operator[2]}, which {form} does not have for it. Choose another '
            'head or backbone, or the other format (.onnx, .pt2).'
        )
    first = (str(error).strip().splitlines() or [''])[0]
    return UserError(
        f'The network cannot be written as {form} ({type(error).__name__}: {first[:300]}). Try the '
        'other format (.onnx, .pt2).'
    )


def run_onnx(content: bytes) -> Run:
    """Returns a function that runs ONNX on a CPU."""
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=['CPUExecutionProvider'])
    return lambda image: session.run(list(OUTPUTS), {INPUT: image})


def pt2_bytes(graph: nn.Module, example: Tensor, free: bool, notes: dict[str, str]) -> bytes:
    """Returns a graph as a program of ``torch.export``, see :func:`onnx_bytes`.

    ``free`` is not possible: torch reasons for minutes about the padding of strided convolutions.
    """
    if free:
        raise UserError('a file .pt2 is of one size; .onnx may be free')
    axes = {0: torch.export.Dim.DYNAMIC}
    file = io.BytesIO()
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter('ignore')
            program = torch.export.export(
                graph, (example,), dynamic_shapes={INPUT: axes}, strict=False
            )
            torch.export.save(program, file, extra_files=notes)
    except UserError:
        raise
    except Exception as error:
        raise not_exported(error, 'a program of torch.export') from error
    return file.getvalue()


def run_pt2(content: bytes) -> Run:
    """Returns a function that runs a program of ``torch.export`` on a CPU."""
    program = torch.export.load(io.BytesIO(content)).module()

    def run(image: np.ndarray) -> list[np.ndarray]:
        with torch.no_grad():
            return [output.numpy() for output in program(torch.from_numpy(image))]

    return run


FORMATS = {'.onnx': (onnx_bytes, run_onnx), '.pt2': (pt2_bytes, run_pt2)}
