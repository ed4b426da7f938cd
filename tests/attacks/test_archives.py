# SPDX-License-Identifier: Apache-2.0
"""Archives that want more than to be read, through the converters."""

import io
import os
import stat
import tarfile
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from conversion import archives
from conversion.source import Source

from mmseg_im.errors import UserError
from tests.attacks.converting import GOOD, MASK, convert
from tests.conversion.archives import write_tar, write_zip
from tests.tool_runs import assert_refused

MIB = 2**20


def change_zip(path: Path, change) -> None:
    """Writes a good archive whose list of files is changed before it is written."""
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, content in GOOD.items():
            archive.writestr(name, content)
        change(archive)


def claim(**values):
    def change(archive: zipfile.ZipFile) -> None:
        for key, value in values.items():
            setattr(archive.infolist()[-1], key, value)

    return change


def zeros(size: int, method: int):
    def change(archive: zipfile.ZipFile) -> None:
        with archive.open(_info('Dataset 1/010.bmp', method), 'w', force_zip64=True) as file:
            for _ in range(size // MIB):
                file.write(bytes(MIB))

    return change


def bomb(archive: zipfile.ZipFile) -> None:
    """1 GiB of zeros: a part that unpacks to 1 MiB, again and again, which is soon made."""
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    part = deflate.compress(bytes(MIB)) + deflate.flush(zlib.Z_FULL_FLUSH)
    archive.writestr(_info('Dataset 1/010.bmp'), 1024 * part + deflate.flush())
    last = archive.infolist()[-1]
    last.compress_type, last.file_size = zipfile.ZIP_DEFLATED, 1024 * MIB


def _info(name: str, method: int = zipfile.ZIP_STORED, mode: int = 0) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.compress_type, info.external_attr = method, mode << 16
    return info


def overlapping(archive: zipfile.ZipFile) -> None:
    """All names show the same bytes: a bomb without a high ratio of any one file."""
    archive.writestr(_info('Dataset 1/900.bmp'), os.urandom(100_000))
    last = archive.infolist()[-1]
    for i in range(901, 960):
        copy = _info(f'Dataset 1/{i}.bmp')
        copy.CRC, copy.file_size, copy.compress_size = last.CRC, last.file_size, last.compress_size
        copy.header_offset = last.header_offset
        archive.filelist.append(copy)


def total(archive: zipfile.ZipFile) -> None:
    for i in range(100, 140):
        archive.writestr(f'Dataset 1/{i}.bmp', b'1')
        archive.infolist()[-1].file_size = 200 * MIB


def member(name: str, content: bytes = b'1', **values):
    def change(archive: zipfile.ZipFile) -> None:
        archive.writestr(_info(name, **values), content)

    return change


ZIPS = {
    'bomb: 1 GiB in one file': (bomb, 'a file of 1024 MiB'),
    'bomb: bzip2': (zeros(8 * MIB, zipfile.ZIP_BZIP2), 'in a way that is not known'),
    'bomb: lzma': (zeros(8 * MIB, zipfile.ZIP_LZMA), 'in a way that is not known'),
    'bomb: all files together': (total, 'more than 4096 MiB'),
    'bomb: files that overlap': (overlapping, 'claims to hold'),
    'claims less than it has': (claim(file_size=3), '009.png'),
    'claims more than it has': (claim(file_size=10**6), '009.png'),
    'claims 2**62 bytes': (claim(file_size=2**62), 'claims to hold'),
    'claims more compressed bytes': (claim(compress_size=10**9), 'is shorter'),
    'starts elsewhere': (claim(header_offset=1), '009.png'),
    'starts behind the end': (claim(header_offset=10**7), '009.png'),
    'another checksum': (claim(CRC=1), '009.png'),
    'encrypted': (claim(flag_bits=1), 'is encrypted'),
    'unknown compression': (claim(compress_type=99), 'in a way that is not known'),
    'name: ..': (member('Dataset 1/../../out.bmp'), 'leads out of its folder'),
    'name: absolute': (member('/Dataset 1/out.bmp'), 'leads out of its folder'),
    'name: backslashes': (member('Dataset 1\\..\\..\\out.bmp'), 'leads out of its folder'),
    'name: drive': (member('Dataset 1/C:out.bmp'), 'leads out of its folder'),
    'name: line break': (member('Dataset 1/a\n../b.bmp'), 'control character'),
    'name: NUL': (claim(filename='Dataset 1/009.png\0.exe'), 'NUL'),
    'name: 60,000 letters': (member('x' * 60_000), 'longer than 255'),
    'twice': (member('Dataset 1/001.bmp'), 'twice'),
    'twice but for the folder': (member('b/Dataset 1/001.bmp'), 'twice'),
    'link': (member('Dataset 1/010.bmp', b'/etc/passwd', mode=stat.S_IFLNK | 0o777), 'a link'),
    'device': (member('Dataset 1/010.bmp', mode=stat.S_IFCHR | 0o777), 'a link or a device'),
}


@pytest.mark.parametrize('kind', ZIPS)
@pytest.mark.filterwarnings('ignore:Duplicate name')
def test_zip(tmp_path, attack, kind):
    change, sentence = ZIPS[kind]
    path = tmp_path / 'in' / 'Dataset 1.zip'
    path.parent.mkdir()
    change_zip(path, change)
    attack(f'zip archive: {kind.partition(":")[0]}')
    assert_refused(convert(tmp_path), 'Dataset 1.zip', sentence)


def entry(name='b.jpg', size=0, kind=tarfile.REGTYPE, content=b'', link='', **pax):
    def change(archive: tarfile.TarFile) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.type, info.linkname = size, kind, link
        info.pax_headers = pax
        archive.addfile(info, io.BytesIO(content))

    return change


def raw(kind: bytes, size: int):
    """A header alone, which claims to be followed by ``size`` bytes."""

    def change(archive: tarfile.TarFile) -> None:
        field = b'\x80' + (size % 2**88).to_bytes(11, 'big') if size >= 0 else b'\xff' * 12
        head = bytearray(tarfile.TarInfo('x').tobuf(tarfile.GNU_FORMAT))
        head[124:136], head[156:157] = field, kind
        head[148:156] = b'%06o\0 ' % (sum(head[:148]) + 256 + sum(head[156:512]))
        archive.fileobj.write(bytes(head))

    return change


TARS = {
    'symbolic link': (entry(kind=tarfile.SYMTYPE, link='/etc/passwd'), 'a link'),
    'hard link': (entry(kind=tarfile.LNKTYPE, link='../../secret'), 'a link'),
    'device': (entry(kind=tarfile.CHRTYPE), 'a device'),
    'pipe': (entry(kind=tarfile.FIFOTYPE), 'a device'),
    'sparse': (entry(**{'GNU.sparse.size': '9' * 12, 'GNU.sparse.map': '0,1'}), 'sparse'),
    'sparse with a broken map': (entry(**{'GNU.sparse.map': 'x'}), 'not a whole archive'),
    'PAX path': (entry(path='../../b.jpg'), 'leads out of its folder'),
    'PAX size': (entry(size='9' * 15), 'claims to hold'),
    'PAX header of 10 GiB': (raw(b'x', 10 * 2**30), 'has a header'),
    'name of 10 GiB': (raw(b'L', 10 * 2**30), 'has a header'),
    'negative size': (raw(b'0', -1), 'claims to hold'),
    'negative size of a header': (raw(b'x', -1), 'not a whole archive'),
    'huge file': (raw(b'0', 2**60), 'claims to hold'),
    'twice': (entry('VOCdevkit/VOC2012/JPEGImages/a.jpg'), 'twice'),
}


@pytest.mark.parametrize('kind', TARS)
def test_tar(tmp_path, attack, kind):
    change, sentence = TARS[kind]
    path = tmp_path / 'in' / 'VOCtrainval_11-May-2012.tar'
    write_zip(tmp_path / 'in' / 'SegmentationClassAug.zip', {'2008_000002.png': MASK})
    with tarfile.open(path, 'w:gz' if 'GiB' in kind else 'w') as archive:
        entry('VOCdevkit/VOC2012/JPEGImages/a.jpg', 1, content=b'1')(archive)
        if kind == 'PAX size':
            change = pax_size
        change(archive)
    attack('tar archive')
    assert_refused(convert(tmp_path, 'voc'), path.name, sentence)


def pax_size(archive: tarfile.TarFile) -> None:
    """A size in a PAX header stands above that of the file's own header."""
    record = b'20 size=9999999999999\n'
    info = tarfile.TarInfo('pax')
    info.type, info.size = b'x', len(record)
    archive.fileobj.write(info.tobuf(tarfile.USTAR_FORMAT) + record.ljust(512, b'\0'))
    entry('b.jpg', 1, content=b'1')(archive)


def test_a_file_of_the_allowed_size_takes_no_more_memory(tmp_path, monkeypatch):
    """Whatever a file claims, no more than that is ever in memory."""
    monkeypatch.setattr(archives, 'MAX_FILE', 8 * MIB)
    with zipfile.ZipFile(tmp_path / 'a.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('a.bmp', bytes(64 * MIB))
        archive.infolist()[-1].file_size = 4 * MIB
    write_tar(tmp_path / 'a.tar.gz', {'a.bmp': bytes(9 * MIB)}, 'w:gz')
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match='cannot be read'):
            Source(tmp_path / 'a.zip').read('a.bmp')
        with pytest.raises(UserError, match='a file of 9 MiB; 8 are allowed'):
            Source(tmp_path / 'a.tar.gz').names()
        assert tracemalloc.get_traced_memory()[1] < 20 * MIB
    finally:
        tracemalloc.stop()


def test_what_real_archives_hold_is_read(tmp_path):
    """Blank masks without compression of their own shrink a thousandfold, and are read."""
    content = cv2.imencode('.bmp', np.zeros((4000, 6000), np.uint8))[1].tobytes()
    with zipfile.ZipFile(tmp_path / 'a.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
        for i in range(3):
            archive.writestr(f'{i}.bmp', content)
    assert (tmp_path / 'a.zip').stat().st_size * 900 < 3 * len(content)
    source = Source(tmp_path / 'a.zip')
    assert [source.read(name) for name in source.names()] == 3 * [content]
