#!/usr/bin/env python3
"""Makes rpmdb.sqlite and Packages-*: databases with made-up packages, by programs that have nothing to do with the readers in src/catalog/rpm.
Needs Python's sqlite3 and db5.3_load (Debian: db5.3-util). Pages are small, so that trees have levels and rows lie over many pages.
Berkeley DB leaves bytes unset that mean nothing: its files differ from one making to the next."""
import os
import sqlite3
import struct
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))


def header(tags):
    """An rpm header without its magic: tags to text, number, list of texts, or list of numbers."""
    index, store = b'', b''
    for tag, value in sorted(tags.items()):
        if isinstance(value, str):
            kind, count, data = 6, 1, value.encode() + b'\0'
        elif isinstance(value, int):
            kind, count, data = 4, 1, struct.pack('>I', value)
        elif value and isinstance(value[0], str):
            kind, count, data = 8, len(value), b''.join(v.encode() + b'\0' for v in value)
        else:
            kind, count, data = 4, len(value), b''.join(struct.pack('>I', v) for v in value)
        if kind == 4:
            store += b'\0' * (-len(store) % 4)
        index += struct.pack('>IIII', tag, kind, len(store), count)
        store += data
    return struct.pack('>II', len(tags), len(store)) + index + store


def packages():
    """41 packages; `long` has a header of 9 kB, and one is a key."""
    for n in range(39):
        yield header({1000: f'made-{n:02}', 1001: '1.0', 1002: str(n), 1014: 'MIT', 1022: 'x86_64', 1047: [f'made-{n:02}'],
                      1049: [f'made-{n + 1:02}', 'rpmlib(X)'], 1116: [0], 1117: ['file'], 1118: [f'/usr/share/made-{n:02}/']})
    yield header({1000: 'long', 1001: '2', 1002: '1', 1003: 3, 1004: 'x' * 8000, 1022: 'noarch', 1049: ['made-00', '/usr/share/made-07/file']})
    yield header({1000: 'gpg-pubkey', 1001: 'a', 1002: 'b'})


def sqlite(path, rows):
    if os.path.exists(path):
        os.remove(path)
    db = sqlite3.connect(path)
    db.execute('PRAGMA page_size = 512')
    db.execute('PRAGMA secure_delete = OFF')
    db.execute("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
    db.execute("CREATE TABLE 'Name' (key 'TEXT' NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL)")
    db.execute('CREATE INDEX Name_key ON Name(key ASC)')
    for number, blob in enumerate(rows, 1):
        db.execute('INSERT INTO Packages VALUES (?, ?)', (number, blob))
    # One that is removed again leaves its pages, and its bytes, in the file.
    db.execute('INSERT INTO Packages VALUES (1000, ?)', (header({1000: 'removed', 1001: '1', 1002: '1', 1004: 'y' * 3000}),))
    db.commit()
    db.execute('DELETE FROM Packages WHERE hnum = 1000')
    db.commit()
    db.close()


def bdb(path, rows, order, pack):
    if os.path.exists(path):
        os.remove(path)
    number = lambda n: ' ' + struct.pack(pack, n).hex() + '\n'
    text = f'VERSION=3\nformat=bytevalue\ntype=hash\ndb_pagesize=512\ndb_lorder={order}\nHEADER=END\n'
    text += number(0) + number(len(rows))
    text += ''.join(number(n) + ' ' + blob.hex() + '\n' for n, blob in enumerate(rows, 1))
    subprocess.run(['db5.3_load', path], input=(text + 'DATA=END\n').encode(), check=True)


rows = list(packages())
sqlite(os.path.join(HERE, 'rpmdb.sqlite'), rows)
bdb(os.path.join(HERE, 'Packages-little'), rows, 1234, '<I')
bdb(os.path.join(HERE, 'Packages-big'), rows, 4321, '>I')
