import { chip } from '../arm-common/chip.js';
import { target as core } from '../cortex-m0/target.js';

export const target = chip({
  name: 'rp2040',
  description: 'RP2040: Cortex-M0+, 2 MB flash, 264 KB RAM',
  core,
  memories: [
    { name: 'FLASH', origin: 0x10000000, bytes: 2048 << 10, kind: 'flash' },
    { name: 'RAM', origin: 0x20000000, bytes: 264 << 10, kind: 'ram' },
  ],
  labwired: 'rp2040',
});
