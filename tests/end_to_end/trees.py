"""Directory trees for the tests: made with every oddity that Linux allows, and compared by bytes.

All paths are bytes: a name is what the system says it is, and not text.
"""
import os
import random
import stat

KIB, MIB = 1024, 1024 * 1024


def write(path, data, mode=0o644, mtime_ns=1_234_567_890_123_456_789):
    with open(path, "wb") as out:
        out.write(data)
    os.chmod(path, mode)
    os.utime(path, ns=(mtime_ns, mtime_ns))


def noise(size, seed):
    return random.Random(seed).randbytes(size)


def make_changes(source, top, count):
    """Below `top`, other bytes for some files of `source`, far from each other."""
    files = sorted(os.path.relpath(os.path.join(where, name), source)
                   for where, _, names in os.walk(source) for name in names
                   if not os.path.islink(os.path.join(where, name)))
    for path in files[::len(files) // count][:count]:
        os.makedirs(os.path.dirname(os.path.join(top, path)), exist_ok=True)
        write(os.path.join(top, path), b"changed\n")


def make_odd_tree(top, many_files, large_bytes):
    """What an import must get right; `many_files` in one directory, one file of `large_bytes`."""
    top = os.fsencode(top)

    def directory(*names):
        path = os.path.join(top, *names)
        os.makedirs(path, exist_ok=True)
        return path

    directory(b"empty directory")
    sizes = directory(b"sizes")
    for size in (0, 1, 64 * KIB, 64 * KIB + 1, 4 * MIB - 1, 4 * MIB, 4 * MIB + 1):
        write(os.path.join(sizes, b"%d" % size), noise(size, size))
    write(os.path.join(sizes, b"the same again"), noise(64 * KIB + 1, 64 * KIB + 1))
    with open(os.path.join(sizes, b"large"), "wb") as out:
        for piece in range(0, large_bytes, MIB):
            out.write(noise(min(MIB, large_bytes - piece), piece))

    names = directory(b"names")
    odd = [b"n" * 255, b"new\nline", b"quote'\"`$(x)", b"-rf", b"--help", b" ", b"\\", b"*", b"#1",
           b"\xff\xfe\x80", b"caf\xe9", "日本語".encode(), b"...", b"..x", b"\x01\x1b[31m", b"a\tb",
           b"CON", b"x.tmp", bytes(range(1, 47)) + bytes(range(48, 256))]
    for number, name in enumerate(odd):
        write(os.path.join(names, name), name, mtime_ns=number * 1_000_000_007)
    directory(b"names", b"dir\nectory \xff")

    links = directory(b"links")
    targets = {b"to file": b"../sizes/1", b"dangling": b"no/such/file", b"loop": b"loop",
               b"loop a": b"loop b", b"loop b": b"loop a", b"absolute": b"/etc/passwd",
               b"odd": b"\xff\n\x01", b"long": b"x" * 4000, b"parent": b"..",
               b"slashes": b"a//b///"}
    for name, target in targets.items():
        os.symlink(target, os.path.join(links, name))

    deep = directory(b"deep", *[b"level %d" % n for n in range(38)])
    write(os.path.join(deep, b"bottom"), b"forty levels down\n")

    many = directory(b"many")
    for number in range(many_files):
        path = os.path.join(many, b"file-%08d" % ((number * 2654435761) % 10**8))
        with open(path, "wb") as out:
            out.write(b"%d\n" % (number % 1000))

    modes = directory(b"modes")
    for mode in (0o000, 0o400, 0o444, 0o755, 0o777, 0o4755, 0o2755, 0o1644):
        write(os.path.join(modes, b"%04o" % mode), b"mode\n", mode)
    write(os.path.join(modes, b"before 1970"), b"old\n", mtime_ns=-1_500_000_001)
    read_only = directory(b"modes", b"read-only directory")
    write(os.path.join(read_only, b"inside"), b"read-only\n", 0o444)
    os.chmod(read_only, 0o555)
    os.utime(read_only, ns=(10**18, 10**18))


def facts(path):
    s = os.lstat(path)
    kind = stat.S_IFMT(s.st_mode)
    if kind == stat.S_IFLNK:
        return kind, os.readlink(path), s.st_mtime_ns
    return kind, stat.S_IMODE(s.st_mode), s.st_mtime_ns, s.st_size if kind == stat.S_IFREG else 0


def same_bytes(a, b):
    with open(a, "rb") as left, open(b, "rb") as right:
        while True:
            one, other = left.read(MIB), right.read(MIB)
            if one != other:
                return False
            if not one:
                return True


def imported(path):
    """Is this a kind of name that a store keeps?"""
    mode = os.lstat(path).st_mode
    return stat.S_ISDIR(mode) or stat.S_ISREG(mode) or stat.S_ISLNK(mode)


def compare(a, b):
    """The differences between two trees, as lines; modes, times, targets and bytes count."""
    a, b = os.fsencode(a), os.fsencode(b)
    found = []

    def compare_directories(left, right):
        ours = {n for n in os.listdir(left) if imported(os.path.join(left, n))}
        theirs = set(os.listdir(right))
        found.extend(f"only in {left!r}: {n!r}" for n in sorted(ours - theirs))
        found.extend(f"only in {right!r}: {n!r}" for n in sorted(theirs - ours))
        for name in sorted(ours & theirs):
            one, other = os.path.join(left, name), os.path.join(right, name)
            if facts(one) != facts(other):
                found.append(f"{one!r}: {facts(one)} is not {facts(other)}")
            elif stat.S_ISDIR(os.lstat(one).st_mode):
                compare_directories(one, other)
            elif stat.S_ISREG(os.lstat(one).st_mode) and not same_bytes(one, other):
                found.append(f"{one!r}: bytes differ")

    if facts(os.path.join(a, b"."))[1:] != facts(os.path.join(b, b"."))[1:]:
        found.append(f"{a!r} itself: {facts(a)} is not {facts(b)}")
    compare_directories(a, b)
    return found
