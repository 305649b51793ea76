/** Which of faker's locale packages serves a locale named as in DataDesigner's configs (Python Faker's names). */

/** Names that are the same there and here. */
const SAME_NAME =
  'af_ZA ar az bn_BD cs_CZ cy da de de_AT de_CH dv el en en_AU en_AU_ocker en_BORK en_CA en_GB en_GH en_HK en_IE en_IN en_NG en_NP ' +
  'en_US en_ZA eo es es_MX fa fi fr fr_BE fr_CA fr_CH fr_LU fr_SN he hr hu hy id_ID it ja ka_GE ko ku_ckb ku_kmr_latin lv mk ' +
  'mn_MN_cyrl nb_NO ne nl nl_BE pl pt_BR pt_PT ro ro_MD ru sk sl_SI sr_RS_latin sv ta_IN th tr uk ur uz_UZ_latin vi yo_NG ' +
  'zh_CN zh_TW zu_ZA'

/** A language with its home country → the package of that language. Other countries are not taken for the home country. */
const HOME_COUNTRY =
  'ar_AA:ar az_AZ:az cs:cs_CZ cy_GB:cy da_DK:da de_DE:de dv_MV:dv el_GR:el es_ES:es fa_IR:fa fi_FI:fi fr_FR:fr he_IL:he hr_HR:hr ' +
  'hu_HU:hu hy_AM:hy id:id_ID it_IT:it ja_JP:ja ko_KR:ko lv_LV:lv mk_MK:mk mn_MN:mn_MN_cyrl ne_NP:ne nl_NL:nl no_NO:nb_NO pl_PL:pl ' +
  'ro_RO:ro ru_RU:ru sk_SK:sk sl:sl_SI sr_RS:sr_RS_latin sv_SE:sv th_TH:th tr_TR:tr uk_UA:uk ur_PK:ur uz_UZ:uz_UZ_latin vi_VN:vi'

const PACKAGE_OF_LOCALE: ReadonlyMap<string, string> = new Map([
  ...SAME_NAME.split(' ').map((name) => [name, name] as const),
  ...HOME_COUNTRY.split(' ').map((pair) => pair.split(':') as [string, string]),
])

/** All locales `person_from_faker` can make, sorted. */
export const PERSON_LOCALES: readonly string[] = [...PACKAGE_OF_LOCALE.keys()].toSorted()

/** Name of faker's locale package, or undefined when it has none for this locale. */
export function fakerPackageOf(locale: string): string | undefined {
  return PACKAGE_OF_LOCALE.get(locale)
}
