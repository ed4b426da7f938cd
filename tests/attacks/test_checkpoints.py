# SPDX-License-Identifier: Apache-2.0
"""Hostile and broken checkpoints end every tool with a sentence."""

import random

import pytest

from tests.attacks import hostile_code, hostile_files, hostile_tensors
from tests.attacks.batches import run_batch
from tests.attacks.hostile import checkpoint, real, write
from tests.tool_runs import assert_refused

KINDS = {
    'checkpoint: numpy': hostile_code.numpy_arrays,
    'checkpoint: tensors': hostile_tensors.tensors,
    'checkpoint: pickle': hostile_files.pickles,
    'checkpoint: file format': hostile_files.formats,
    'checkpoint: archive': hostile_files.archives,
    'checkpoint: content': hostile_files.contents,
}
SENTENCES = {
    'lfs': 'git lfs pull', 'html': 'a web page', 'no_bytes': 'it is empty', 'tar': 'a tar archive',
    'torchscript': 'TorchScript', 'deflated_1_gib': 'is compressed', 'overlapping': 'overlap',
    'torch_protocol_4': 'protocol 4', 'protocol_0': 'protocol 0 or 1', 'foreign': 'a zip archive',
    'bit_of_a_number': 'Bad CRC-32', 'cut_200': 'its end is not where', 'lists': 'steps',
    'deep': 'nested more than', 'alias': 'nested more than', 'laughs': 'values',
    'itself': 'holds itself', 'objects': 'calls numpy.ndarray', 'set_twice': 'or twice',
    'offset': 'calls numpy.ndarray', 'same_bytes': 'repeats the same bytes',
    'tensor_size': 'beyond its storage', 'tensor_expanded': 'repeat few values',
    'storage_more': 'claims', 'legacy_lie': 'claims', 'meta_text': 'meta is no dict but str',
    'state_dict_no_tensors': "no tensor but int", 'state_dict_list': 'no dict but list',
    'tuple_hash': 'keys that are no plain values',
}  # fmt: skip


def publish(paths: dict, folder) -> dict:
    """How ``publish_student.py`` ended on each file."""
    runs = [[str(path), str(folder / f'{name}.out')] for name, path in paths.items()]
    ended = dict(zip(paths, run_batch('publish_student.py', runs, folder / 'logs'), strict=True))
    assert not list(folder.glob('*.out*'))
    return ended


@pytest.mark.parametrize('kind', KINDS)
def test_broken_files_end_in_a_sentence(kind, tmp_path, attack):
    paths = write(KINDS[kind](), tmp_path / 'files')
    for name, ended in publish(paths, tmp_path).items():
        sentence = assert_refused(ended, f'{name}.pth')
        assert SENTENCES.get(name, '') in sentence, sentence
        allowed = 'would run code' not in sentence
        assert allowed != name.startswith(
            ('rebuild_', 'size', 'tensor_type', 'storage_typed', 'storage_q')
        )
        attack(kind)


def test_files_that_ask_for_code_are_refused_and_run_nothing(tmp_path, marker, attack):
    paths = write(hostile_code.code(str(marker)), tmp_path / 'files')
    other = ('getattr', 'statistic', 'inst', 'protocol4', 'bare')
    for name, ended in publish(paths, tmp_path).items():
        sentence = assert_refused(ended, f'{name}.pth')
        assert ('would run code: it asks for' in sentence) != name.startswith(other), sentence
        assert '\x1b' not in sentence
        attack('checkpoint: code')


def test_harmless_files_made_in_the_same_way_are_published(tmp_path):
    good = {
        'real': real(), 'legacy': real(legacy=True), 'plain': checkpoint(),
        'array': checkpoint(hostile_code.array()), 'history': checkpoint(hostile_code.history()),
        'numpy1': checkpoint(hostile_code.array(core='numpy.core')),
    }  # fmt: skip
    paths = write(good.items(), tmp_path / 'files')
    runs = [[str(path), str(tmp_path / f'{name}.out')] for name, path in paths.items()]
    for ended in run_batch('publish_student.py', runs, tmp_path / 'logs'):
        assert ended.status == 0, ended.output


def test_mutations_of_a_real_file_end_in_success_or_a_sentence(tmp_path, attack):
    rng = random.Random(0)
    originals = [real(), real(legacy=True), checkpoint(hostile_code.history())]
    paths = {}
    for number in range(150):
        content = bytearray(originals[number % 3])
        for _ in range(rng.choice((1, 1, 2, 8))):
            at = rng.randrange(len(content))
            content[at] = rng.choice((content[at] ^ 1 << rng.randrange(8), rng.randrange(256)))
        if number % 10 == 0:
            del content[rng.randrange(len(content)) :]
        paths |= write([(f'm{number}', bytes(content))], tmp_path / 'files')
    runs = [[str(path), str(tmp_path / f'{name}.out')] for name, path in paths.items()]
    refused = 0
    for ended in run_batch('publish_student.py', runs, tmp_path / 'logs'):
        if ended.status != 0:
            assert_refused(ended, '.pth')
            refused += 1
        attack('checkpoint: random damage')
    assert refused > 75
