/** zod schemas of sampler params, in DataDesigner's field names and with its defaults. Cross-field rules are in `check-samplers.ts`. */
import { z } from 'zod'
import { parseDate } from '../plan/parse-date.ts'
import { SCIPY_NAMES } from '../plan/scipy.ts'

const scalar = z.union([z.string(), z.number()])
const decimalPlaces = z
  .int()
  .min(-15)
  .max(15)
  .nullable()
  .default(null)
  .describe('Decimal places that values are rounded to; null keeps them all.')

/** The locales that DataDesigner's `person_from_faker` accepts. */
export const PERSON_LOCALES =
  'ar_AA ar_AE ar_BH ar_EG ar_JO ar_PS ar_SA az_AZ bg_BG bn_BD bs_BA cs_CZ da_DK de de_AT de_CH de_DE dk_DK el_CY el_GR en en_AU en_BD ' +
  'en_CA en_GB en_IE en_IN en_NZ en_PH en_TH en_US es es_AR es_CA es_CL es_CO es_ES es_MX et_EE fa_IR fi_FI fil_PH fr_BE fr_CA fr_CH ' +
  'fr_FR ga_IE he_IL hi_IN hr_HR hu_HU hy_AM id_ID it_CH it_IT ja_JP ka_GE ko_KR la lb_LU lt_LT lv_LV mt_MT ne_NP nl_BE nl_NL no_NO ' +
  'or_IN pl_PL pt_BR pt_PT ro_RO ru_RU sk_SK sl_SI sq_AL sv_SE ta_IN th th_TH tl_PH tr_TR tw_GH uk_UA vi_VN zh_CN zh_TW zu_ZA'

/** Checked here, so that a text that is no date is reported with all else that is wrong with the column. */
const date = (what: string) =>
  z
    .string()
    .refine((text) => parseDate(text) !== null, 'a date that exists, such as 2024-01-31 or 2024-01-31T12:00:00')
    .describe(what)

const distribution = {
  dist_name: z.enum(SCIPY_NAMES).describe('Name of a distribution of scipy.stats.'),
  dist_params: z
    .record(z.string(), z.number())
    .describe("The distribution's parameters with scipy's names; loc is 0 and scale is 1 unless given."),
} as const

const personFilters = {
  locale: z.string().default('en_US'),
  sex: z.enum(['Male', 'Female']).nullable().default(null),
  city: z
    .union([z.string(), z.array(z.string())])
    .nullable()
    .default(null),
  age_range: z
    .tuple([z.int().min(0).max(114), z.int().min(0).max(114)])
    .default([18, 114])
    .describe('Youngest and oldest age, both possible.'),
} as const

const tag = <Type extends string>(type: Type) => z.literal(type).default(type).describe('May be left out: it repeats sampler_type.')

/** Sampler type → schema of its params. */
export const samplerParams = {
  uuid: z.strictObject({
    sampler_type: tag('uuid'),
    prefix: z.string().nullable().default(null).describe('Put before every id.'),
    short_form: z.boolean().default(false).describe('8 hexadecimal digits instead of 32.'),
    uppercase: z.boolean().default(false),
  }),
  category: z.strictObject({
    sampler_type: tag('category'),
    values: z.array(scalar).min(1),
    weights: z.array(z.number().min(0)).nullable().default(null).describe('One weight for each value; they need not sum to 1.'),
  }),
  subcategory: z.strictObject({
    sampler_type: tag('subcategory'),
    category: z.string().describe('Name of the parent category column.'),
    values: z.record(z.string(), z.array(scalar).min(1)).describe('Parent value → values to draw from.'),
  }),
  uniform: z.strictObject({ sampler_type: tag('uniform'), low: z.number(), high: z.number(), decimal_places: decimalPlaces }),
  gaussian: z.strictObject({ sampler_type: tag('gaussian'), mean: z.number(), stddev: z.number().min(0), decimal_places: decimalPlaces }),
  bernoulli: z.strictObject({ sampler_type: tag('bernoulli'), p: z.number().min(0).max(1).describe('Probability of 1.') }),
  binomial: z.strictObject({ sampler_type: tag('binomial'), n: z.int().min(0).describe('Number of trials.'), p: z.number().min(0).max(1) }),
  poisson: z.strictObject({ sampler_type: tag('poisson'), mean: z.number().min(0) }),
  scipy: z.strictObject({ sampler_type: tag('scipy'), ...distribution, decimal_places: decimalPlaces }),
  bernoulli_mixture: z.strictObject({
    sampler_type: tag('bernoulli_mixture'),
    p: z.number().min(0).max(1).describe('Probability of a value of the distribution; otherwise the value is 0.'),
    ...distribution,
  }),
  datetime: z.strictObject({
    sampler_type: tag('datetime'),
    start: date('First possible date-time, e.g. 2024-01-31.'),
    end: date('End of the range, exclusive.'),
    unit: z.enum(['Y', 'M', 'D', 'h', 'm', 's']).default('D').describe('Values are truncated to it.'),
  }),
  timedelta: z.strictObject({
    sampler_type: tag('timedelta'),
    dt_min: z.int().min(0),
    dt_max: z.int().min(1).describe('Exclusive.'),
    reference_column_name: z.string().describe('Name of the datetime column that the difference is added to.'),
    unit: z.enum(['D', 'h', 'm', 's']).default('D'),
  }),
  person: z.strictObject({
    sampler_type: tag('person'),
    ...personFilters,
    select_field_values: z
      .record(z.string(), z.array(z.string()))
      .nullable()
      .default(null)
      .describe('Field of the managed people → values of which a person has one.'),
    with_synthetic_personas: z.boolean().default(false).describe('Adds the fields of the synthetic personas.'),
  }),
  person_from_faker: z.strictObject({
    sampler_type: tag('person_from_faker'),
    ...personFilters,
  }),
} as const

/** Sampler types of this release, as written in configs. */
export const SAMPLER_TYPES = Object.keys(samplerParams) as readonly (keyof typeof samplerParams)[]
