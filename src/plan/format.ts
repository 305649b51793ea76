/** Numbers as people read them. */

/** `12,345`. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** `0:07`, `12:30`, `3:04:05`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60]
  const [hours = 0, minutes = 0, rest = 0] = parts
  const tail = String(rest).padStart(2, '0')
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`
}

/** `$1.36`, `EUR 0.0042`, or `no price` where none is known. */
export function money(amount: number, currency: string | null): string {
  if (currency === null) return 'no price given'
  const digits = amount !== 0 && amount < 0.1 ? 4 : 2
  return currency === 'USD' ? `$${amount.toFixed(digits)}` : `${currency} ${amount.toFixed(digits)}`
}

/** `61 KB`, `1.2 GB`. */
export function bytes(size: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  let value = size
  let unit = 0
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000
    unit += 1
  }
  return `${unit === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}
