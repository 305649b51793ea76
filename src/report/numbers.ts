/** Numbers of statistics as people read them. */

/** `3.142`, `12,345`, `1.2e-7`; four significant digits, whole numbers whole; `–` for none. */
export function number(value: number | null): string {
  if (value === null) return '–'
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString('en-US')
  const size = Math.abs(value)
  if (size >= 1e15 || size < 1e-4) return value.toExponential(2)
  if (size >= 1_000) return value.toLocaleString('en-US', { maximumFractionDigits: 1 })
  return String(Number(value.toPrecision(4)))
}

/** `12.5 %`; `0 %` of nothing. */
export function percent(part: number, whole: number): string {
  if (whole <= 0 || part <= 0) return '0 %'
  const share = (100 * part) / whole
  if (share < 0.1) return '< 0.1 %'
  if (part < whole && share > 99.9) return '> 99.9 %'
  return `${Number(share.toFixed(1))} %`
}

/** `2026-01-31 12:00:05 UTC`; `–` for none. */
export function moment(iso: string | null): string {
  const time = iso === null ? Number.NaN : Date.parse(iso)
  return Number.isNaN(time) ? '–' : `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}
