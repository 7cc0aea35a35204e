import { chip } from '../arm-common/chip.js';
import { target as core } from '../cortex-m4/target.js';

export const target = chip({
  name: 'nrf52840',
  description: 'nRF52840: Cortex-M4F, 1 MB flash, 256 KB RAM',
  core,
  memories: [
    { name: 'FLASH', origin: 0x00000000, bytes: 1024 << 10, kind: 'flash' },
    { name: 'RAM', origin: 0x20000000, bytes: 256 << 10, kind: 'ram' },
  ],
  labwired: 'nrf52840',
  renode: 'platforms/cpus/nrf52840.repl',
});
