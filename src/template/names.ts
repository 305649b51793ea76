/** What templates may name. The lists are DataDesigner's secure engine's; everything else is refused when compiling. */

/** Filters. `upper` stands beside DataDesigner's own list because its documentation names it. */
export const FILTER_NAMES: ReadonlySet<string> = new Set(
  (
    'abs capitalize escape first float forceescape int items last length list lower max min random replace reverse round sort ' +
    'string title trim truncate unique upper urlencode jsonpath'
  ).split(' '),
)

/** Tests, all of Jinja2's own but `callable`, `filter`, `test` and `escaped`. */
export const TEST_NAMES: ReadonlySet<string> = new Set(
  (
    'boolean defined divisibleby eq equalto even false float ge greaterthan gt in integer iterable le lessthan lower lt mapping ' +
    'ne none number odd sameas sequence string true undefined upper'
  ).split(' '),
)

/** Methods of strings, dicts and lists that may be called; none of them changes its object. */
export const METHOD_NAMES: ReadonlySet<string> = new Set(
  (
    'capitalize count endswith find get index isalnum isalpha isdecimal isdigit islower isnumeric isspace isupper items join keys ' +
    'lower lstrip removeprefix removesuffix replace rfind rsplit rstrip split splitlines startswith strip swapcase title upper values zfill'
  ).split(' '),
)

/** What a template may call by name. */
export const FUNCTION_NAMES: ReadonlySet<string> = new Set(['range'])

/** Methods of `loop`. */
export const LOOP_METHOD_NAMES: ReadonlySet<string> = new Set(['cycle', 'changed'])
