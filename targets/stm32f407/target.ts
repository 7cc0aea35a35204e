import { chip } from '../arm-common/chip.js';
import { target as core } from '../cortex-m4/target.js';

export const target = chip({
  name: 'stm32f407',
  description: 'STM32F407xG: Cortex-M4F, 1 MB flash, 128 KB RAM',
  core,
  memories: [
    { name: 'FLASH', origin: 0x08000000, bytes: 1024 << 10, kind: 'flash' },
    { name: 'RAM', origin: 0x20000000, bytes: 128 << 10, kind: 'ram' },
  ],
  labwired: 'stm32f407',
  renode: 'platforms/cpus/stm32f4.repl',
});
