/** JSON schemas of the kinds people give to `output_format`, by what is special about them. */
export const SCHEMAS: Readonly<Record<string, object>> = {
  'a flat object': {
    type: 'object',
    properties: {
      title: { type: 'string' },
      rating: { type: 'integer', minimum: 1, maximum: 5 },
      sentiment: { type: 'string', enum: ['positive', 'neutral', 'negative'] },
      tags: { type: 'array', items: { type: 'string' } },
    },
    required: ['title', 'rating', 'sentiment', 'tags'],
    additionalProperties: false,
  },
  'nested objects by $defs': {
    $defs: {
      Address: {
        type: 'object',
        properties: { street: { type: 'string' }, zip: { type: 'string', pattern: '^\\d{5}$' } },
        required: ['street', 'zip'],
      },
    },
    type: 'object',
    properties: { home: { $ref: '#/$defs/Address' }, work: { $ref: '#/$defs/Address' } },
    required: ['home', 'work'],
  },
  'definitions of draft 7': {
    $schema: 'http://json-schema.org/draft-07/schema#',
    definitions: { Score: { type: 'integer', minimum: 0, maximum: 10 } },
    type: 'object',
    properties: { scores: { type: 'array', items: { $ref: '#/definitions/Score' }, minItems: 3, maxItems: 3 } },
    required: ['scores'],
  },
  'the dialect of 2020-12': {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'array',
    prefixItems: [{ type: 'string' }, { type: 'integer' }],
    items: false,
    minItems: 2,
  },
  'a tuple of draft 7': { type: 'array', items: [{ type: 'number' }, { type: 'boolean' }], additionalItems: false, minItems: 2 },
  'an optional field as pydantic writes it': {
    type: 'object',
    properties: { note: { anyOf: [{ type: 'string' }, { type: 'null' }], default: null, title: 'Note' } },
    required: ['note'],
  },
  'a list of types': {
    type: 'object',
    properties: { a: { type: ['string', 'null'] }, b: { type: ['integer', 'boolean'] } },
    required: ['a', 'b'],
  },
  'a constant': { type: 'object', properties: { kind: { const: 'review' }, version: { const: 2 } }, required: ['kind', 'version'] },
  'alternatives told apart by a constant': {
    oneOf: [
      {
        type: 'object',
        properties: { kind: { const: 'cat' }, lives: { type: 'integer', minimum: 0, maximum: 9 } },
        required: ['kind', 'lives'],
        additionalProperties: false,
      },
      {
        type: 'object',
        properties: { kind: { const: 'dog' }, tricks: { type: 'array', items: { type: 'string' } } },
        required: ['kind', 'tricks'],
        additionalProperties: false,
      },
    ],
  },
  'oneOf that overlaps': {
    oneOf: [
      { type: 'integer', minimum: 0, maximum: 10 },
      { type: 'integer', minimum: 5, maximum: 15 },
    ],
  },
  'allOf of two objects': {
    allOf: [
      { type: 'object', properties: { a: { type: 'integer', minimum: 3 } }, required: ['a'] },
      { type: 'object', properties: { a: { type: 'integer', maximum: 4 }, b: { type: 'string', minLength: 30 } }, required: ['b'] },
    ],
  },
  'a reference with neighbours': {
    $defs: { Level: { type: 'integer', minimum: 0 } },
    type: 'object',
    properties: { level: { $ref: '#/$defs/Level', maximum: 3 } },
    required: ['level'],
  },
  'a tree': {
    $defs: {
      Node: {
        type: 'object',
        properties: { name: { type: 'string' }, children: { type: 'array', items: { $ref: '#/$defs/Node' } } },
        required: ['name', 'children'],
      },
    },
    $ref: '#/$defs/Node',
  },
  'a linked list': {
    $defs: {
      Link: {
        type: 'object',
        properties: { value: { type: 'number' }, next: { anyOf: [{ $ref: '#/$defs/Link' }, { type: 'null' }] } },
        required: ['value', 'next'],
        additionalProperties: false,
      },
    },
    $ref: '#/$defs/Link',
  },
  'a map to integers': { type: 'object', additionalProperties: { type: 'integer', minimum: 1 }, minProperties: 2, maxProperties: 4 },
  'keys by pattern': {
    type: 'object',
    patternProperties: { '^x-[a-z]{3}$': { type: 'boolean' } },
    additionalProperties: false,
    minProperties: 2,
  },
  'names of properties': {
    type: 'object',
    propertyNames: { pattern: '^[A-Z]{2}$' },
    additionalProperties: { type: 'string' },
    minProperties: 1,
  },
  'unique items from few': { type: 'array', items: { enum: ['red', 'green', 'blue'] }, uniqueItems: true, minItems: 3, maxItems: 3 },
  'items that must contain': {
    type: 'array',
    items: { type: 'integer', minimum: 0, maximum: 1000 },
    contains: { multipleOf: 7, minimum: 700 },
    minItems: 2,
  },
  'prices in cents': { type: 'number', minimum: 5, maximum: 500, multipleOf: 0.01 },
  'multiples of 15': { type: 'integer', exclusiveMinimum: 15, exclusiveMaximum: 60, multipleOf: 15 },
  'an open interval': { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 },
  'a narrow interval': { type: 'number', minimum: 0.001, maximum: 0.0011 },
  'negative bounds': { type: 'integer', maximum: -5 },
  'text of exact length': { type: 'string', minLength: 40, maxLength: 40 },
  'very short text': { type: 'string', minLength: 1, maxLength: 3 },
  'long text': { type: 'string', minLength: 2000 },
  formats: {
    type: 'object',
    properties: Object.fromEntries(
      [
        'date',
        'date-time',
        'time',
        'duration',
        'email',
        'uri',
        'uri-reference',
        'uuid',
        'hostname',
        'ipv4',
        'ipv6',
        'json-pointer',
        'regex',
      ].map((format) => [format, { type: 'string', format }]),
    ),
    required: ['date', 'date-time', 'time', 'email', 'uri', 'uuid', 'ipv6'],
  },
  patterns: {
    type: 'object',
    properties: Object.fromEntries(
      [
        '^[A-Z]{3}-\\d{4}$',
        '^(?:Mr|Mrs|Dr)\\. [A-Z][a-z]+$',
        '^\\+?[1-9]\\d{6,14}$',
        '^#[0-9a-fA-F]{6}$',
        '^[^\\s@]+@[^\\s@]+\\.[a-z]{2,}$',
        '^\\d{4}-(0[1-9]|1[0-2])-\\d{2}$',
        '^\\p{Lu}\\p{Ll}+$',
        '^[\\w.-]+\\/v[0-9]+(\\.[0-9]+)*$',
        'urgent|normal|low',
        '^.{3,20}$',
      ].map((pattern, at) => [`p${at}`, { type: 'string', pattern }]),
    ),
    required: Array.from({ length: 10 }, (_, at) => `p${at}`),
  },
  'a pattern with a length': { type: 'string', pattern: '^[a-z]+$', minLength: 50, maxLength: 60 },
  'not a word': { type: 'string', enum: ['a', 'b', 'c'], not: { enum: ['a', 'b'] } },
  'a condition': {
    type: 'object',
    properties: { country: { enum: ['US', 'DE'] }, zip: { type: 'string' } },
    required: ['country', 'zip'],
    if: { properties: { country: { const: 'US' } } },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON schema
    then: { properties: { zip: { pattern: '^\\d{5}-\\d{4}$' } } },
    else: { properties: { zip: { pattern: '^\\d{5}$' } } },
  },
  'required but not described': { type: 'object', required: ['a', 'b'] },
  'no keyword at all': {},
  'keywords without a type': {
    properties: { a: { minimum: 3 }, b: { maxLength: 20 }, c: { items: { type: 'null' } } },
    required: ['a', 'b', 'c'],
  },
  'an anchor': {
    $defs: { x: { $anchor: 'size', type: 'integer', minimum: 1, maximum: 2 } },
    type: 'object',
    properties: { n: { $ref: '#size' } },
    required: ['n'],
  },
  'a property named like the prototype': JSON.parse(
    '{"type":"object","properties":{"__proto__":{"type":"integer"},"constructor":{"type":"string"}},"required":["__proto__","constructor"]}',
  ) as object,
  'a hundred fields': {
    type: 'object',
    properties: Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`field_${at}`, { type: at % 2 ? 'string' : 'number' }])),
    required: Array.from({ length: 100 }, (_, at) => `field_${at}`),
    additionalProperties: false,
  },
  'scores with their reasoning': {
    type: 'object',
    properties: {
      quality: {
        type: 'object',
        properties: { reasoning: { type: 'string' }, score: { enum: [1, 2, 3] } },
        required: ['reasoning', 'score'],
      },
    },
    required: ['quality'],
  },
}
