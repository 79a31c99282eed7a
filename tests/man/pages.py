# SPDX-License-Identifier: MIT
"""The man pages say what the headers say. Arguments: the sources, then HEADER:MAP:PAGE of each library."""
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1])
LIBRARIES = [[ROOT / path for path in argument.split(':')] for argument in sys.argv[2:]]


def squeeze(text):
    """One line, blanks only where words meet."""
    return re.sub(r' ?([*(),]) ?', r'\1', ' '.join(text.split()))


def without_comments(header):
    return re.sub(r'/\*.*?\*/', '', header.read_text(), flags=re.S)


def declared(header):
    """The prototype of each function of a header, by name."""
    text = without_comments(header)
    arguments = r'(\((?:[^()]|\([^()]*\))*\))'
    found = re.findall(r'(?:WARMSTART_API|static inline) ([^;{(]*?)(\w+)' + arguments + r'\s*[;{]', text)
    return {name: squeeze(result + name + arguments) for result, name, arguments in found}


def documented(page):
    """The prototype of each function in a page's synopsis, by name."""
    lines = page.read_text().split('\n.Sh DESCRIPTION')[0].split('\n')
    prototypes, result, name, arguments = {}, '', '', []
    for line in lines:
        macro, _, rest = line.partition(' ')
        words = re.findall(r'"([^"]*)"|(\S+)', rest)
        words = [quoted or bare for quoted, bare in words]
        if macro == '.Ft':
            result = rest
        elif macro in ('.Fo', '.Fn'):
            name, arguments = words[0], words[1:]
        elif macro == '.Fa':
            arguments += words
        if macro in ('.Fc', '.Fn'):
            prototypes[name] = squeeze(f'{result} {name}({", ".join(arguments)})')
    return prototypes


def check_functions(header, symbols, page):
    """What differs between what is exported, declared and documented."""
    exported = re.findall(r'^\s*(warmstart_\w+);', symbols.read_text(), re.M)
    prototypes, pages = declared(header), documented(page)
    text = page.read_text().split('\n.Sh DESCRIPTION')[1]
    for name in exported:
        if name not in pages:
            yield f'{name} is exported, but not in the synopsis'
    for name, prototype in prototypes.items():
        if pages.get(name) != prototype:
            yield f'{name}: the header has "{prototype}", the page "{pages.get(name)}"'
        if not re.search(rf'^\.Fn {name}\b', text, re.M):
            yield f'{name} is not described'
    for name in pages.keys() - prototypes.keys():
        yield f'{name} is in the page only'


def check_members(header, _, page):
    """Options of the header that the page does not explain."""
    text = page.read_text()
    for name, body in re.findall(r'struct (\w+_options) \{(.*?)\n\};', without_comments(header), re.S):
        for member in re.findall(r'(\w+)(?:\[\d+\]|\)\([^()]*\))?;', body):
            if member in ('size', 'reserved', 'clock_user'):
                continue
            if not re.search(rf'\bVa .*\b{member}\b', text):
                yield f'{name}.{member} is not described'


def constants(header):
    return re.findall(r'\b(WARMSTART_\w+) = -?\d', header.read_text())


def check_constants(header, _, page):
    """Errors, events, outcomes and so on of the header that the page does not name."""
    text = page.read_text()
    for name in constants(header):
        if not re.search(rf'\bDv .*\b{name}\b', text):
            yield f'{name} is not named'


def check_layout(*_):
    """What mandoc complains about. Which other manuals a machine has is no fault of these."""
    for page in sorted((ROOT / 'man').glob('*.[1-9]')):
        done = subprocess.run(['mandoc', '-Tlint', page.name], cwd=page.parent, capture_output=True,
                              text=True, check=False)
        for line in done.stdout.splitlines():
            if 'referenced manual not found' not in line:
                yield line


def main():
    tests = [(f'{check.__name__.removeprefix("check_")}_of_{library[2].name}', check, library)
             for library in LIBRARIES for check in (check_functions, check_members, check_constants)
             if check is not check_constants or constants(library[0])]
    tests.append(('layout_of_all_pages', check_layout, ()))
    print(f'1..{len(tests)}')
    failed = 0
    for number, (name, check, library) in enumerate(tests, 1):
        if check is check_layout and shutil.which('mandoc') is None:
            print(f'ok {number} - {name} # SKIP mandoc is not installed')
            continue
        faults = list(check(*library))
        failed += bool(faults)
        print(f'{"not ok" if faults else "ok"} {number} - {name}')
        for fault in faults:
            print(f'# {fault}')
    return 1 if failed else 0


sys.exit(main())
