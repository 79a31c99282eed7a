# SPDX-License-Identifier: MIT
"""bench/run without measuring: its programs start, its sums are right, and its page says what the results say."""
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
PROJECT = os.path.realpath(f'{os.path.dirname(os.path.realpath(__file__))}/../..')
sys.path[:0] = [f'{PROJECT}/bench/runner', f'{PROJECT}/tests/examples']

import experiments
import figures
import report
import servers
from support import run, run_tests

SCRIPTS = ['bench/run', 'bench/peers/install', 'bench/peers/start', 'bench/peers/check', 'scripts/image']


def each_script_has_a_help_and_refuses_what_it_does_not_know():
    for script in SCRIPTS:
        status, text, errors = run(f'{PROJECT}/{script}', '--help')
        assert (status, errors) == (0, '') and 'usage' in text.lower(), f'{script} --help: {status} {errors}'
        status, text, errors = run(f'{PROJECT}/{script}', '--no-such-option')
        assert (status, text) == (2, '') and 'no-such-option' in errors, f'{script}: {status} {text} {errors}'


def the_peers_are_JavaScript():
    peers = f'{PROJECT}/bench/peers'
    modules = [name for name in os.listdir(peers) if name.endswith('.mjs')]
    assert len(modules) >= 7, modules
    for name in modules:
        try:
            status, _, errors = run('node', '--check', f'{peers}/{name}')
        except FileNotFoundError:
            return  # without Node.js there is nobody to ask
        assert status == 0, errors


def an_experiment_that_does_not_exist_is_refused():
    status, _, errors = run(f'{PROJECT}/bench/run', '--only', 'article', '--only', 'nothing')
    assert status == 2 and 'nothing' in errors and 'article' in errors, errors


def every_point_is_of_a_server_that_can_be_started():
    known = servers.kinds(PROJECT, 'build')
    assert set(report.TITLES) == set(known)
    for experiment in experiments.EXPERIMENTS:
        for point in experiment.points + experiment.short:
            assert point.server in known, point


def a_quick_point_is_a_point_of_the_whole():
    for experiment in experiments.EXPERIMENTS:
        for point in experiment.short:
            assert point in experiment.points, f'{experiment.name}: {point}'


def run_of(cpu, **more):
    faults = {'lost': 0, 'duplicated': 0, 'unconfirmed': 0, 'failed': 0, **more}
    return {'posts': 1000, 'posts_per_second': 10.0, 'post_us': {'p50': 100.0, 'p99': 250.0},
            'server': {'cpu_us_per_post': cpu}, 'faults': faults, 'right': True}


def point_of(server, *runs):
    return {'server': server, 'x': None, 'load': {}, 'flags': [], 'runs': list(runs)}


def results_of(**points):
    results = report.Results('/nowhere')
    made = {'date': '2026-03-27T12:00:00+00:00', 'commit': '0123456789', 'load_average': 0.1}
    for name, some in points.items():
        results.experiments[name] = {'experiment': name, 'rounds': 3, 'made': made, 'points': some,
                                     'settings': {'duration': 3, 'warm_up': 2}}
    return results


def row(table, start):
    found = [line for line in table.splitlines() if line.startswith(f'| {start}')]
    assert len(found) == 1, table
    return found[0]


def a_ratio_is_taken_within_each_round():
    ours = point_of('warmstart', run_of(10.0), run_of(20.0), run_of(99.0))
    theirs = point_of('bun-compiled', run_of(20.0), run_of(80.0), {'error': 'was not there'})
    assert figures.ratio(ours, theirs, report.CPU) == (0.375, 0.25, 0.5)


def a_goal_is_reached_or_not_as_the_results_say():
    ours = point_of('warmstart', run_of(10.0), run_of(11.0))
    results = results_of(ratios=[ours, point_of('bun-compiled', run_of(25.0), run_of(25.0)),
                                 point_of('redis', run_of(10.0), run_of(10.0))])
    table = report.goals_table(results)
    assert row(table, "CPU a POST ÷ compiled Bun's").endswith('| 0.42 (0.40 to 0.44) | reached |'), table
    assert '**not reached**, 17% above' in row(table, "CPU a POST ÷ Redis's"), table
    assert 'not measured' in row(table, "CPU a POST ÷ the floor's"), table


def a_fault_of_ours_is_a_goal_missed_and_one_of_theirs_is_shown():
    theirs = point_of('bun-compiled', run_of(20.0, lost=7))
    fine = results_of(article=[point_of('warmstart', run_of(10.0, unconfirmed=3)), theirs])
    line = row(report.goals_table(fine), 'lost, duplicated')
    assert line.endswith('| reached |') and 'none in 1,000 POSTs (3 told' in line, line
    assert '| 7 lost |' in report.article_table(fine)
    bad = results_of(article=[point_of('warmstart', run_of(10.0), run_of(10.0, duplicated=2))])
    line = row(report.goals_table(bad), 'lost, duplicated')
    assert '**not reached**' in line and '2 duplicated in 2,000 POSTs' in line, line


def a_measurement_that_failed_is_said():
    broken = results_of(article=[point_of('redis', {'error': 'away'}, run_of(1.0)), point_of('warmstart', run_of(1.0))])
    assert '**1 measurements failed**: Redis' in broken.made('article'), broken.made('article')


def without_results_nothing_is_a_number():
    text = report.render(results_of())
    assert '{{' not in text
    tables = [line for line in report.goals_table(results_of()).splitlines()[2:]]
    assert tables and all(line.endswith('| – | not measured |') for line in tables), tables


def the_page_is_what_the_results_say():
    with open(f'{PROJECT}/docs/benchmarks.md', encoding='utf-8') as file:
        assert file.read() == report.render(report.Results(PROJECT)), 'run ./bench/run --report'


def every_plot_of_the_page_is_there():
    with open(f'{PROJECT}/docs/benchmarks.md', encoding='utf-8') as file:
        for name in re.findall(r'\]\((benchmarks/[a-z]+\.svg)\)', file.read()):
            assert os.path.exists(f'{PROJECT}/docs/{name}'), name


def what_a_linked_program_needs_is_listed():
    with tempfile.TemporaryDirectory() as folder:
        text = os.path.join(folder, 'text')
        with open(text, 'w', encoding='ascii') as file:
            file.write('12345')
        status, listed, _ = run(f'{PROJECT}/scripts/image', '--list', text)
        assert status == 0 and re.fullmatch(rf' *5  {text}\n *5  total\n', listed), listed
    status, listed, _ = run(f'{PROJECT}/scripts/image', '--list', sys.executable)
    assert status == 0 and '/libc.so.' in listed, listed


run_tests(
    each_script_has_a_help_and_refuses_what_it_does_not_know,
    the_peers_are_JavaScript,
    an_experiment_that_does_not_exist_is_refused,
    every_point_is_of_a_server_that_can_be_started,
    a_quick_point_is_a_point_of_the_whole,
    a_ratio_is_taken_within_each_round,
    a_goal_is_reached_or_not_as_the_results_say,
    a_fault_of_ours_is_a_goal_missed_and_one_of_theirs_is_shown,
    a_measurement_that_failed_is_said,
    without_results_nothing_is_a_number,
    the_page_is_what_the_results_say,
    every_plot_of_the_page_is_there,
    what_a_linked_program_needs_is_listed,
)
