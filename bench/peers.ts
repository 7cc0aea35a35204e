/** bench/peers.json: the figures of other tools on the same models, each with the source that states it. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const figure = z.int().positive().optional();

const peersSchema = z.array(
  z.strictObject({
    peer: z.string(),
    /** Version, who measured it and how. */
    source: z.string().min(20),
    figures: z.array(
      z.strictObject({
        /** `peer` name of bench/models.json. */
        model: z.string(),
        target: z.string(),
        instructions: figure,
        ram: figure,
        arena: figure,
        code: figure,
        stack: figure,
      }),
    ),
  }),
);

export type Peer = z.infer<typeof peersSchema>[number];
export type PeerFigures = Peer['figures'][number];

export function readPeers(): readonly Peer[] {
  return peersSchema.parse(JSON.parse(readFileSync(new URL('peers.json', import.meta.url), 'utf8')));
}

/** What each peer needs for this model on this target; peers without a figure are left out. */
export function figuresOf(
  peers: readonly Peer[],
  model: string,
  target: string,
): readonly (PeerFigures & { peer: string })[] {
  return peers.flatMap(({ peer, figures }) => {
    const found = figures.find((each) => each.model === model && each.target === target);
    return found === undefined ? [] : [{ ...found, peer }];
  });
}
