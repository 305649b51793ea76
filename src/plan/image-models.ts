/** Which models draw by the API for images, by name, as in DataDesigner; all others draw in the answer of a conversation. */

const BY_IMAGES_API = ['dall-e-', 'dalle', 'stable-diffusion', 'sd-', 'sd_', 'imagen', 'gpt-image-']

/** The way a picture is asked for. */
export function imageRouteOf(model: string): 'images' | 'chat' {
  const name = model.toLowerCase()
  return BY_IMAGES_API.some((part) => name.includes(part)) ? 'images' : 'chat'
}
