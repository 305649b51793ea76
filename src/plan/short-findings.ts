/** Findings short enough to cross Temporal. Pure. */
import type { Finding } from '../contract.ts'

/** Characters that the messages of all findings may take together: with all else that travels with them it stays within 4 KiB. */
const ROOM = 1_000

/** The findings, the longest messages cut so that all of them together take at most `room` characters (some more of very many findings). */
export function shortFindings(findings: readonly Finding[], room = ROOM): readonly Finding[] {
  const longest = longestOf(
    findings.map(({ message }) => message.length),
    room,
  )
  return findings.map((finding) => {
    const { message } = finding
    return message.length <= longest ? finding : { ...finding, message: `${message.slice(0, Math.max(0, longest - 3))}...` }
  })
}

/** What short messages leave over is for the long ones. */
function longestOf(lengths: readonly number[], room: number): number {
  let left = room
  const rising = [...lengths].sort((a, b) => a - b)
  for (const [at, length] of rising.entries()) {
    const share = Math.floor(left / (rising.length - at))
    if (length > share) return share
    left -= length
  }
  return room
}
