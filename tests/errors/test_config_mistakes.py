# SPDX-License-Identifier: Apache-2.0
"""Options and types that a registry does not know end a tool with a sentence."""

import pytest
from mmengine.registry import Registry
from mmseg.registry import LOOPS, MODELS, OPTIM_WRAPPERS

from mmseg_im.errors import plain_errors
from mmseg_im.errors.config_mistakes import config_problem
from tests.conftest import tiny_model

pytestmark = pytest.mark.fast


class Inner:
    def __init__(self, width: int, depth: int = 2):
        self.size = width * depth


class Outer(Inner):
    def __init__(self, colour: str = 'red', fails: bool = False, **kwargs):
        if fails:
            dict(**kwargs).nothing(wrong=1)
        super().__init__(**kwargs)


@pytest.fixture
def registry() -> Registry:
    registry = Registry('shape')
    registry.register_module(module=Inner)
    registry.register_module(module=Outer)
    return registry


@pytest.mark.parametrize(
    ('cfg', 'said'),
    [
        (dict(type='Inner', widht=3), "Inner has no option widht. Did you mean 'width'?"),
        (dict(type='Outer', width=3, depht=3), "Outer has no option depht. Did you mean 'depth'?"),
        (dict(type='Outer', width=1, x=3), "Outer has no option x. Correct it where"),
        (dict(type='Inner', depth=3), "Inner cannot do without the option 'width'. Correct it"),
        (dict(type='Iner', width=3), "type='Iner' of the config is registered nowhere as shape. Did"
         " you mean 'Inner'? Correct it, or name its module in custom_imports."),
    ],
)  # fmt: skip
def test_mistakes(registry, cfg, said):
    with pytest.raises(SystemExit) as ended, plain_errors():
        registry.build(cfg)
    assert str(ended.value).startswith('error: ') and said in str(ended.value)


@pytest.mark.parametrize(
    ('kind', 'cfg', 'said'),
    [
        (LOOPS, dict(type='EpochBasedTrainLoop', max_epoch=1, runner=None, dataloader={}),
         "EpochBasedTrainLoop has no option max_epoch. Did you mean 'max_epochs'?"),
        (OPTIM_WRAPPERS, dict(type='OptimWrapper', optimiser=None), "Did you mean 'optimizer'?"),
        (MODELS, dict(tiny_model(), decode_head=dict(type='FCNHeed')), "Did you mean 'FCNHead'?"),
        (MODELS, dict(tiny_model(), tset_cfg=1), "Did you mean 'test_cfg'?"),
    ],
)  # fmt: skip
def test_of_mmengine_and_mmseg(kind, cfg, said):
    with pytest.raises(SystemExit) as ended, plain_errors():
        kind.build(cfg)
    assert said in str(ended.value)


def test_errors_within_a_class_keep_their_traceback(registry):
    with pytest.raises(AttributeError), plain_errors():
        registry.build(dict(type='Outer', fails=True, width=1))
    registry.register_module(name='call', module=lambda: Inner(nothing=1))
    with pytest.raises(TypeError), plain_errors():
        registry.build(dict(type='call'))
    with pytest.raises(KeyError), plain_errors():
        {}['a']
    assert config_problem(TypeError("got an unexpected keyword argument 'a'")) is None
