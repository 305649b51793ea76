"""Writes cases.json: what Jinja2 itself makes of many templates. Run with the PyPI package jinja2 installed; needs nothing else;
then format the result with `npx oxfmt test/template`.

The environment is DataDesigner's in kind: sandboxed, strict undefined, no autoescape, only the allowed filters, `jsonpath` aside.
A case whose rendering raises is stored with the name of the Python error; ours only has to fail as well.
"""

import json
from pathlib import Path

from jinja2 import StrictUndefined, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

ALLOWED = set(
    "abs capitalize escape first float forceescape int items last length list lower max min random replace reverse round sort "
    "string title trim truncate unique upper urlencode".split()
)
ROW = {
    "name": "Ada",
    "city": "são paulo",
    "age": 29,
    "score": 29.0,
    "tiny": 1e-07,
    "huge": 1e16,
    "tenth": 0.1,
    "half": 2.5,
    "minus": -3,
    "big": 12345678901234567890,
    "yes": True,
    "no": False,
    "nothing": None,
    "empty": "",
    "blank": "  \n",
    "text": "The quick brown fox jumps over the lazy dog",
    "quote": "it's \"so\"",
    "emoji": "a\U0001f600b\u4e2d",
    "lines": "one\ntwo\r\nthree\n",
    "html": "<a href='x'>&\"</a>",
    "numbers": [3, 1, 2, 3, 1],
    "floats": [1.0, 2.5, 1e-05],
    "words": ["banana", "Apple", "cherry", "apple"],
    "mixed": [1, "a", None, True, 2.5, [1, {"k": "v"}]],
    "people": [{"name": "Bo", "age": 41}, {"name": "al", "age": 7}, {"name": "Cy", "age": 41}],
    "person": {"name": "Ada", "city": "Rome", "tags": ["x", "y"], "height": 1.7, "address": {"street": "Via", "no": 5}},
    "nested": {"a": {"b": {"c": [1, 2, {"d": "deep"}]}}},
    "none_list": [],
    "none_dict": {},
}

CASES = {
    "text": [
        "plain text", "", "line\n", "line\n\n", "a {{ name }} b", "{{name}}", "{{ name }}{{ age }}", "{ { name } }", "100% {sure}",
        "{# gone #}x", "a{#- gone -#} b", "{% raw %}{{ name }}{% endraw %}", "{%- raw -%} {{ x }} {%- endraw -%} y", "a\r\nb{{ name }}\r\n",
        "  {%- if yes %} a {%- endif %} ", "x {{- name -}} y", "x\n{{ name }}\n y\n", "{% if yes %}\nyes\n{% endif %}\nend",
        "{{ '{{' }} {{ '}}' }}", "{{ \"a\\nb\\t\\x41\\u00e9\\d\" }}", "{{ 'a' 'b' }}", "{%+ if yes %}x{% endif %}",
    ],
    "values": [
        "{{ age }} {{ score }} {{ tiny }} {{ huge }} {{ tenth }} {{ minus }} {{ big }}", "{{ yes }} {{ no }} {{ nothing }}", "{{ numbers }} {{ floats }}",
        "{{ mixed }}", "{{ person }}", "{{ nested }}", "{{ quote }} {{ [quote] }}", "{{ [emoji, city, lines] }}", "{{ words }}", "{{ none_list }} {{ none_dict }}",
        "{{ 1.0 }} {{ 1e5 }} {{ 1e22 }} {{ 1.5e-7 }} {{ 0.1 + 0.2 }} {{ 100000.0 * 10**10 }}", "{{ 1_000 }} {{ 0x1F }} {{ 0b101 }}", "{{ true }} {{ True }} {{ none }} {{ None }} {{ false }}",
        "{{ (1, 2) }} {{ ('a', ) }} {{ () }} {{ (1, (2,), 3,) }} {{ (1,)|length }}", "{{ {'a': 1, 'b': [2.0]} }}", "{{ {1: 2, none: 3} }}", "{{ ['\\x00\\x7f\\u200b\\xa0'] }}",
        "{{ -0.0 }} {{ 1e308 * 10 }}", "{{ 123456789012345678 }} {{ 2 ** 70 }}", "{{ ['it\\'s', 'say \"x\"', 'both \\' \"'] }}",
    ],
    "access": [
        "{{ person.name }} {{ person['city'] }} {{ person.address.street }}", "{{ person.tags[0] }} {{ person.tags[-1] }} {{ person.tags.1 }}", "{{ nested.a.b.c[2].d }}",
        "{{ name[0] }} {{ name[-1] }} {{ emoji[1] }} {{ emoji[2] }}", "{{ numbers[1:3] }} {{ numbers[::-1] }} {{ numbers[-2:] }} {{ name[::2] }} {{ emoji[1:] }}",
        "{{ text[4:9] }} {{ text[:3] }} {{ text[100:] }} {{ numbers[3:1] }} {{ numbers[3:0:-2] }}", "{{ missing }}", "{{ person.missing }}", "{{ person.missing.more }}", "{{ numbers[9] }}", "{{ name.x }}", "{{ age.real.x }}",
        "{{ person.__class__ }}", "{{ name.__class__.__mro__ }}", "{{ person.constructor }}", "{{ ''.constructor.constructor('x')() }}", "{{ person['__proto__'] }}", "{{ numbers[1.0] }}", "{{ numbers['length'] }}", "{{ numbers[true] }}",
    ],
    "operators": [
        "{{ 1 + 2 * 3 }} {{ (1 + 2) * 3 }} {{ 7 / 2 }} {{ 8 / 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 % -3 }}", "{{ 2 ** 3 ** 2 }} {{ 2 ** -1 }} {{ 2 ** 0.5 }} {{ -2 ** 2 }}", "{{ 7.5 // 2 }} {{ -7.5 % 2 }} {{ 7.0 % -2 }} {{ 5.0 // -2 }}",
        "{{ age + 1 }} {{ score + 1 }} {{ age + 0.5 }} {{ yes + 1 }} {{ -age }} {{ +age }} {{ -score }}", "{{ 9007199254740991 + 1 }} {{ 9007199254740993 * 3 }} {{ big - big }} {{ big // 7 }} {{ big % 7 }} {{ -big // 7 }}",
        "{{ 'a' + 'b' }} {{ 'ab' * 3 }} {{ [1] + [2] }} {{ [0] * 3 }} {{ 3 * 'x' }} {{ 'x' * -1 }}|", "{{ 'a' ~ 1 ~ 2.0 ~ none ~ true ~ [1] }}", "{{ 1 + 2 ~ 3 }}", "{{ 10 - 2 ~ 3 }}", "{{ 1 ~ 2 * 3 }}", "{{ 'a' + 1 }}", "{{ 1 / 0 }}", "{{ 1.0 // 0 }}", "{{ 5 % 0 }}", "{{ none + 1 }}", "{{ 0 ** -1 }}",
        "{{ 1 < 2 }} {{ 1 < 2 < 3 }} {{ 3 > 2 > 2 }} {{ 1 < 3 > 2 }} {{ (1 < 2) == true }}", "{{ 18 <= age <= 65 }} {{ 30 <= age <= 65 }}", "{{ 1 == 1.0 }} {{ '1' == 1 }} {{ true == 1 }} {{ none == false }} {{ [1, 2] == [1.0, 2] }} {{ {'a': 1} == {'a': 1.0} }}", "{{ 1 != 2 }} {{ 'a' < 'b' }} {{ 'Z' < 'a' }} {{ [1, 2] < [1, 3] }}",
        "{{ '\\uff5e' < '\\U0001f600' }}", "{{ 'a' < 1 }}", "{{ none < 1 }}", "{{ 1 in numbers }} {{ 9 in numbers }} {{ 9 not in numbers }} {{ 'qu' in text }} {{ 'name' in person }} {{ 2.0 in numbers }} {{ none in mixed }}", "{{ 1 in name }}", "{{ 1 in age }}",
        "{{ not yes }} {{ not empty }} {{ yes and name }} {{ no or name }} {{ empty or none_list or 0 or 'x' }} {{ yes and no or 1 }}", "{{ not 1 == 2 }} {{ not yes in [false] }}", "{{ 'a' if yes else 'b' }} {{ 'a' if no else 'b' if no else 'c' }}", "{{ 'a' if no }}", "{{ missing or 1 }}", "{{ missing == 1 }}",
        "{{ numbers and 1 }} {{ none_dict or 2 }} {{ 0.0 or 3 }}", "{{ 1 if age > 18 and score < 30 or no else 0 }}",
    ],
    "tests": [
        "{{ missing is defined }} {{ person.x is defined }} {{ person.name is defined }} {{ missing is undefined }} {{ name is not defined }}", "{{ 3 is odd }} {{ 3 is even }} {{ 4 is divisibleby 2 }} {{ 4 is divisibleby(3) }} {{ 4 is not divisibleby 3 }}", "{{ none is none }} {{ nothing is none }} {{ 0 is none }}", "{{ 1 is number }} {{ 1.5 is number }} {{ 'a' is number }} {{ true is number }} {{ 1 is integer }} {{ true is integer }} {{ 1.0 is float }} {{ 1 is float }}",
        "{{ 'a' is string }} {{ person is mapping }} {{ numbers is mapping }} {{ numbers is sequence }} {{ 'a' is iterable }} {{ 1 is iterable }} {{ true is boolean }} {{ 1 is boolean }}", "{{ 'abc' is lower }} {{ 'ABC' is upper }} {{ 'a1' is lower }} {{ '1' is lower }}", "{{ 3 is eq 3 }} {{ 3 is ne 4 }} {{ 3 is lt 4 }} {{ 3 is gt 4 }} {{ 3 is ge 3 }} {{ 3 is le 2 }} {{ 3 is equalto 3 }} {{ 3 is in [1, 3] }} {{ 3 is not in [1, 3] }}", "{{ true is true }} {{ 1 is true }} {{ false is false }} {{ none is sameas none }} {{ 1 is sameas true }}",
        "{{ missing is none }}", "{{ name is defined and name == 'Ada' }} {{ 'x' if missing is defined else 'y' }}", "{{ -1 is odd }} {{ 2.5 is odd }}", "{{ name is eq('Ada') and age is gt(18) }}", "{{ person.tags is iterable and person.tags|length is eq 2 }}",
    ],
    "control": [
        "{% if age > 18 %}adult{% elif age > 12 %}teen{% else %}child{% endif %}", "{% if no %}a{% elif yes %}b{% endif %}", "{% if no %}a{% endif %}", "{% for x in numbers %}{{ x }},{% endfor %}", "{% for x in none_list %}x{% else %}nothing{% endfor %}", "{% for x in numbers if x > 1 %}{{ loop.index }}:{{ x }} {% endfor %}",
        "{% for x in words %}{{ loop.index0 }}/{{ loop.length }} {{ loop.first }} {{ loop.last }} {{ loop.revindex }} {{ loop.revindex0 }} {{ loop.cycle('a', 'b') }} {{ loop.depth }}\n{% endfor %}", "{% for k, v in person.items() %}{{ k }}={{ v }};{% endfor %}", "{% for k in person %}{{ k }} {% endfor %}", "{% for p in people %}{{ p.name }} is {{ p.age }}{{ ', ' if not loop.last }}{% endfor %}", "{% for p in people %}{{ p.name }}{{ ', ' if not loop.last else '.' }}{% endfor %}", "{% for c in emoji %}[{{ c }}]{% endfor %}",
        "{% for x in words %}{{ loop.previtem if loop.index > 1 else '-' }}<{{ loop.nextitem is defined }} {% endfor %}", "{% for x in numbers %}{% if loop.changed(x > 1) %}{{ x }}!{% endif %}{% endfor %}", "{% for a, b in [(1, 2), [3, 4]] %}{{ a + b }} {% endfor %}", "{% for a, b in [(1, 2, 3)] %}{{ a }}{% endfor %}", "{% for x in age %}x{% endfor %}", "{% for x in missing %}x{% endfor %}", "{% for x in numbers %}{% endfor %}{{ x }}", "{% for name in words %}{{ name }}{% endfor %}{{ name }}", "{% if missing %}a{% endif %}", "{% for i in range(3) %}{{ i }}{% endfor %} {{ range(2, 8, 3)|list }} {{ range(3, 0, -1)|list }}",
        "{% for x in numbers -%}\n  {{ x }}\n{%- endfor %}", "{% for x in numbers|sort|reverse %}{{ x }}{% endfor %}", "{% for x in words if x|length > 5 and x != 'cherry' %}{{ x }}{% else %}-{% endfor %}", "{% for x in [] %}{% else %}{{ loop is defined }}{% endfor %}",
    ],
    "filters": [
        "{{ -5|abs }} {{ -5.5|abs }} {{ minus|abs }}", "{{ 'a'|abs }}", "{{ 'hELLO wORLD'|capitalize }} {{ city|capitalize }} {{ ''|capitalize }}", "{{ html|escape }} {{ html|forceescape }} {{ 5|escape }}", "{{ numbers|first }} {{ numbers|last }} {{ name|first }} {{ name|last }} {{ person|first }}", "{{ none_list|first }}", "{{ none_list|first is defined }}",
        "{{ '3'|float }} {{ '3.5e2'|float }} {{ 'x'|float }} {{ 'x'|float(1.5) }} {{ 7|float }} {{ ' 1_0.5 '|float }} {{ none|float }} {{ true|float }}", "{{ '42'|int }} {{ '42.9'|int }} {{ 'x'|int }} {{ 'x'|int(-1) }} {{ 3.99|int }} {{ -3.99|int }} {{ 'ff'|int(0, 16) }} {{ '0x1A'|int(base=16) }} {{ '12345678901234567890'|int }} {{ none|int }} {{ '1e3'|int }} {{ ' 7 '|int }} {{ '0b11'|int(0, 2) }} {{ 'inf'|int(-2) }} {{ 1e20|int }}",
        "{{ person.address|items|list }} {% for k, v in person.address|items %}{{ k }}{{ v }}{% endfor %}", "{{ name|items|list }}", "{{ numbers|length }} {{ name|length }} {{ emoji|length }} {{ person|length }}", "{{ age|length }}", "{{ name|list }} {{ person|list }} {{ emoji|list }} {{ (1, 2)|list }}", "{{ 'ÀB'|lower }} {{ 'straße'|upper }} {{ 5|upper }} {{ true|lower }} {{ none|upper }}",
        "{{ numbers|max }} {{ numbers|min }} {{ words|max }} {{ words|min }} {{ words|min(case_sensitive=true) }} {{ people|max(attribute='age') }} {{ people|min(attribute='name') }} {{ 'hello'|max }}", "{{ none_list|max }}", "{{ mixed|max }}", "{{ 'aaa'|replace('a', 'b') }} {{ 'aaa'|replace('a', 'b', 2) }} {{ 'abc'|replace('', '-') }} {{ 'abc'|replace('', '-', 2) }} {{ 121|replace(1, 3) }} {{ 'abab'|replace('ab', '', count=1) }}",
        "{{ 'abc'|reverse }} {{ numbers|reverse|list }} {{ emoji|reverse }}", "{{ 42.55|round }} {{ 42.55|round(1, 'floor') }} {{ 42.55|round(1) }} {{ 2.5|round }} {{ 3.5|round }} {{ 0.125|round(2) }} {{ 2.675|round(2) }} {{ 42|round }} {{ 42|round(0, 'ceil') }} {{ -2.5|round }} {{ -0.4|round }} {{ 1234.5|round(-2) }} {{ 1250|round(-2) }} {{ 42.1|round(method='ceil') }} {{ 1e300|round(2) }} {{ 5.015|round(2) }} {{ 1.005|round(precision=2) }} {{ 0.5|round }} {{ 1e-10|round(3) }}", "{{ 2|round(1, 'up') }}",
        "{{ numbers|sort }} {{ words|sort }} {{ words|sort(case_sensitive=true) }} {{ numbers|sort(reverse=true) }} {{ words|sort(true) }} {{ floats|sort }}", "{{ people|sort(attribute='age')|list }} {{ people|sort(attribute='age,name', reverse=true) }} {{ [[2, 1], [1, 2]]|sort(attribute=1) }}", "{{ people|sort(attribute='zip') }}", "{{ mixed|sort }}", "{{ 5|string }} {{ 5.0|string }} {{ none|string }} {{ numbers|string|length }}", "{{ 'hello big-world (x)[y]{z}<a tEST'|title }} {{ \"it's o'neil\"|title }} {{ city|title }}", "{{ '  x \\n'|trim }}| {{ 'xxaxx'|trim('x') }} {{ 'abcXcba'|trim('abc') }} {{ blank|trim }}| {{ 5|trim }}",
        "{{ text|truncate(20) }} {{ text|truncate(20, True) }} {{ text|truncate(20, killwords=True) }} {{ text|truncate(20, False, '…') }} {{ text|truncate(40) }} {{ text|truncate(40, leeway=0) }} {{ 'abcdefghij'|truncate(5) }} {{ 'abcdefghij'|truncate(5, leeway=0) }} {{ 'abcdefghij'|truncate(5, true, '..', 0) }}", "{{ text|truncate(2) }}", "{{ numbers|unique|list }} {{ words|unique|list }} {{ words|unique(true)|list }} {{ people|unique(attribute='age')|list }} {{ [1, 1.0, true, '1']|unique|list }}", "{{ 'a b/c?d=é&f'|urlencode }} {{ {'a b': 'c/d', 'e': 1}|urlencode }} {{ [('k', 'v w')]|urlencode }} {{ 5|urlencode }} {{ \"~!'()*-_.\"|urlencode }}",
        "{{ numbers|sort|first }} {{ name|upper|lower|title }} {{ (age + 1)|string ~ 'x' }} {{ -3|abs + 1 }} {{ words|sort|last|upper }}", "{{ age|round(1) }} {{ score|int }} {{ '%s' }}", "{{ missing|upper }}", "{{ missing|length }}", "{{ [0, 5]|random in [0, 5] }}",
    ],
    "methods": [
        "{{ name.upper() }} {{ name.lower() }} {{ '  x '.strip() }}| {{ 'xax'.strip('x') }} {{ ' x '.lstrip() }}| {{ ' x '.rstrip() }}|", "{{ \"they're bill's\".title() }} {{ city.title() }} {{ 'aBC'.capitalize() }} {{ 'aBc'.swapcase() }}", "{{ 'a b  c'.split() }} {{ 'a,b,,c'.split(',') }} {{ 'a,b,c'.split(',', 1) }} {{ 'a,b,c'.rsplit(',', 1) }} {{ ' a b c '.split(none, 1) }} {{ ' a b c '.rsplit(none, 1) }} {{ ''.split() }} {{ ''.split(',') }}", "{{ lines.splitlines() }} {{ lines.splitlines(true) }}",
        "{{ 'abc'.replace('b', 'x') }} {{ 'aaa'.replace('a', 'b', 1) }} {{ ', '.join(words) }} {{ '-'.join('abc') }}", "{{ ', '.join(numbers) }}", "{{ 'abc'.startswith('a') }} {{ 'abc'.endswith(('x', 'c')) }} {{ 'abc'.find('c') }} {{ 'abc'.find('z') }} {{ 'abcb'.rfind('b') }} {{ 'abcb'.count('b') }} {{ 'abc'.index('b') }}", "{{ '12'.isdigit() }} {{ 'a1'.isalnum() }} {{ 'ab'.isalpha() }} {{ 'AB'.isupper() }} {{ 'ab'.islower() }} {{ ' '.isspace() }} {{ ''.isdigit() }}", "{{ '7'.zfill(3) }} {{ '-7'.zfill(4) }} {{ 'prefix-x'.removeprefix('prefix-') }} {{ 'x.txt'.removesuffix('.txt') }}",
        "{{ person.keys()|list }} {{ person.address.values()|list }} {{ person.get('name') }} {{ person.get('zip') }} {{ person.get('zip', 'none') }}", "{{ numbers.count(1) }} {{ numbers.index(2) }}", "{{ 'abc'.index('z') }}", "{{ name.upper(1) }}", "{{ age.upper() }}", "{{ person.name.split('d')[0] }} {{ (name ~ 'x').upper() }} {{ 'a-b'.split('-')|length }}", "{{ emoji.find('b') }} {{ emoji.upper() }}",
    ],
}


def depth_of(node: nodes.Node) -> int:
    return 1 + max((depth_of(child) for child in node.iter_child_nodes()), default=0)


def describe(template: str) -> dict:
    """Size and depth of the tree as DataDesigner counts them, and the names it reads."""
    tree = ImmutableSandboxedEnvironment().parse(template)
    measure = {"size": len(list(tree.find_all(nodes.Node))), "depth": depth_of(tree)}
    # Looking for names folds constants in the tree, so it comes last.
    return {**measure, "references": sorted(meta.find_undeclared_variables(tree) - {"range"})}


def render(template: str) -> dict:
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    environment.filters = {name: fn for name, fn in environment.filters.items() if name in ALLOWED}
    try:
        return {"expected": environment.from_string(template).render(json.loads(json.dumps(ROW)))}
    except Exception as error:  # noqa: BLE001 - every error is an expectation
        return {"error": type(error).__name__}


def main() -> None:
    cases = []
    for group, templates in CASES.items():
        for index, template in enumerate(templates):
            cases.append({"name": f"{group} {index + 1}", "template": template, **describe(template), **render(template)})
    # Values are JSON text inside the JSON, so that 29.0 and long integers keep what Python knows of them.
    document = {"values": {name: json.dumps(value) for name, value in ROW.items()}, "cases": cases}
    Path(__file__).with_name("cases.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(cases)} cases, {sum('error' in case for case in cases)} of them errors")


if __name__ == "__main__":
    main()
