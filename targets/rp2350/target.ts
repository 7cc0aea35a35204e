import { chip } from '../arm-common/chip.js';
import { target as core } from '../cortex-m33/target.js';

export const target = chip({
  name: 'rp2350',
  description: 'RP2350: Cortex-M33, 2 MB flash, 520 KB RAM',
  core,
  memories: [
    { name: 'FLASH', origin: 0x10000000, bytes: 2048 << 10, kind: 'flash' },
    { name: 'RAM', origin: 0x20000000, bytes: 520 << 10, kind: 'ram' },
  ],
  labwired: 'rp2350',
});
