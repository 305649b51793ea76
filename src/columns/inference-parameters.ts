/**
 * What a model is asked with beside the messages. Temperature and top_p may be drawn from a distribution: anew for every request, from
 * the random stream of its place, so that the same call is asked with the same values by whoever makes the row, and its journalled
 * answer is found again.
 */
import type { CompiledModel, Distribution } from '../config/compiled.ts'
import type { ChatRequest, Wanted } from '../model/client.ts'
import { imageRouteOf } from '../plan/image-models.ts'
import type { Random, RowStream } from '../random/random.ts'
import type { CallOrdinal } from './generator.ts'
import { drawCategory } from './sampler/category.ts'

/** The cell a request belongs to. */
export interface RequestPlace extends CallOrdinal {
  readonly row: number
  readonly column: string
  readonly refill: number
}

/** Correction rounds of one conversation stay below this, restarts below 2^32 divided by it. */
const STEPS_PER_RESTART = 0x10000

/** The model's name and its fixed parameters; those that are drawn are left out. */
export function fixedParameters(model: CompiledModel): Omit<ChatRequest, 'messages'> {
  return {
    model: model.target.model,
    ...(model.temperature === null ? {} : { temperature: model.temperature }),
    ...(model.topP === null ? {} : { topP: model.topP }),
    ...(model.maxTokens === null ? {} : { maxTokens: model.maxTokens }),
    ...(Object.keys(model.extraBody).length === 0 ? {} : { extraBody: model.extraBody }),
  }
}

/** The request as another model is asked it: the same words, that model's name and parameters. */
export function forModel(request: ChatRequest, model: CompiledModel, place: RequestPlace, random: Random): ChatRequest {
  const { messages, responseSchema, wants } = request
  if (wants !== undefined) {
    const { extraBody } = fixedParameters(model)
    return { model: model.target.model, messages, ...(extraBody === undefined ? {} : { extraBody }), wants: wantedOf(wants, model) }
  }
  const asked = { ...fixedParameters(model), messages, ...(responseSchema === undefined ? {} : { responseSchema }) }
  return withDrawnParameters(asked, model, place, random)
}

/** The same thing asked for in the way of another model. */
function wantedOf(wants: Wanted, { target, generation }: CompiledModel): Wanted {
  if (wants.kind === 'images') return { ...wants, route: imageRouteOf(target.model) }
  return generation?.kind === 'embedding' ? { ...wants, encodingFormat: generation.encodingFormat } : wants
}

/** The request with the values that are drawn for it; the same object when the model has none to be drawn. */
export function withDrawnParameters(
  request: ChatRequest,
  { drawn }: Pick<CompiledModel, 'drawn'>,
  place: RequestPlace,
  random: Random,
): ChatRequest {
  if (drawn === undefined || request.wants !== undefined) return request
  const draw = (distribution: Distribution, purpose: string): number => {
    const trial = place.restart * STEPS_PER_RESTART + place.step
    return drawFrom(distribution, random.stream(place.column, place.row, place.refill, trial, purpose))
  }
  return {
    ...request,
    ...(drawn.temperature === null ? {} : { temperature: draw(drawn.temperature, 'temperature') }),
    ...(drawn.topP === null ? {} : { topP: draw(drawn.topP, 'top_p') }),
  }
}

function drawFrom(distribution: Distribution, stream: RowStream): number {
  if (distribution.distribution_type === 'uniform') {
    const { low, high } = distribution.params
    return low + (high - low) * stream.next()
  }
  const { values, weights } = distribution.params
  return Number(drawCategory(values, weights)(stream, [], 0))
}
