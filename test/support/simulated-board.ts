/** Boards for tests: the program of `nanoc build --board` on this computer behind a pseudo-terminal, or on a Cortex-M4 in QEMU whose UART is one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { Compilation, EmittedFile } from '../../compiler/compilation.js';
import { emitLibrary } from '../../compiler/index.js';
import { boardFiles } from '../../compiler/simulate/board/sources.js';
import { INCLUDE_DIRECTORIES } from '../../compiler/simulate/program.js';
import { qemuArguments } from '../../compiler/simulate/simulator.js';
import { buildFirmware } from '../../compiler/toolchain/build.js';

/**
 * A pseudo-terminal in place of the UART. Arguments, `name=number`: `noise` (one byte in so many is lost, changed or doubled, both ways), `reset`
 * (after so many bytes read the program starts anew, once), `deaf` (after so many bytes read none is read any more).
 */
const hostMain = (name: string) => `#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "${name}_board.h"
static int line;
static uint32_t noise, reset, deaf, taken, random_state = 12345u;
static uint32_t draw(void) { return random_state = random_state * 1664525u + 1013904223u; }
static int hit(void) { return noise != 0u && (draw() >> 8) % noise == 0u; }
uint8_t ${name}_board_read(void) {
  uint8_t byte = 0u;
  for (;;) {
    taken++;
    if (reset != 0u && taken == reset) {
      char fd[16];
      (void)snprintf(fd, sizeof fd, "line=%d", line);
      char *arguments[] = {(char *)"board", fd, NULL};
      (void)execv("/proc/self/exe", arguments);
    }
    while (deaf != 0u && taken >= deaf) { (void)sleep(1u); }
    if (read(line, &byte, 1u) != 1) { exit(0); }
    if (!hit()) { return byte; }
    if ((draw() >> 9) % 2u == 0u) { return (uint8_t)(byte ^ 0x10u); }
  }
}
void ${name}_board_write(uint8_t byte) {
  if (hit()) {
    if ((draw() >> 9) % 2u == 0u) { return; }
    byte = (uint8_t)(byte ^ 0x04u);
    if (write(line, &byte, 1u) != 1) { exit(0); }
  }
  if (write(line, &byte, 1u) != 1) { exit(0); }
}
int main(int count, char **arguments) {
  for (int i = 1; i < count; i++) {
    const uint32_t value = (uint32_t)strtoul(strchr(arguments[i], '=') + 1, NULL, 10);
    if (strncmp(arguments[i], "noise=", 6u) == 0) { noise = value; }
    if (strncmp(arguments[i], "reset=", 6u) == 0) { reset = value; }
    if (strncmp(arguments[i], "deaf=", 5u) == 0) { deaf = value; }
    if (strncmp(arguments[i], "line=", 5u) == 0) { line = (int)value; }
  }
  if (line == 0) {
    line = posix_openpt(O_RDWR | O_NOCTTY);
    if (line < 0 || grantpt(line) != 0 || unlockpt(line) != 0) { return 1; }
    const char *const name = ptsname(line);
    /* Held open, and as a serial line is: bytes as they are. */
    const int other = open(name, O_RDWR | O_NOCTTY);
    struct termios mode;
    if (other < 0 || tcgetattr(other, &mode) != 0) { return 1; }
    cfmakeraw(&mode);
    (void)tcsetattr(other, TCSANOW, &mode);
    (void)printf("redirected to %s (\\n", name);
    (void)fflush(stdout);
    /* What a boot loader says before the program runs. */
    if (write(line, "boot\\r\\n", 6u) != 6) { return 1; }
  }
  ${name}_board_serve();
}
`;

/** UART 0 of mps2-an386. */
const qemuMain = (name: string) => `#include <stdint.h>
#include "${name}_board.h"
static volatile uint32_t *const uart = (volatile uint32_t *)0x40004000u;
uint8_t ${name}_board_read(void) {
  while ((uart[1] & 2u) == 0u) {
  }
  return (uint8_t)uart[0];
}
void ${name}_board_write(uint8_t byte) {
  while ((uart[1] & 1u) != 0u) {
  }
  uart[0] = byte;
}
int main(void) {
  uart[4] = 16u;
  uart[2] = 3u;
  ${name}_board_serve();
}
`;

export interface SimulatedBoard {
  /** Of the port, `--port`. */
  readonly port: string;
  readonly stop: () => void;
}

/**
 * Builds the program for the compilation's target, `host` or `cortex-m4`, and starts it.
 * @param change of the emitted files, for programs that are wrong
 */
export async function startBoard(
  compilation: Compilation,
  folder: string,
  args: readonly string[] = [],
  change: (files: EmittedFile[]) => EmittedFile[] = (files) => files,
): Promise<SimulatedBoard> {
  const { target, name } = compilation;
  const main = target.qemu === undefined ? hostMain(name) : qemuMain(name);
  const emitted = [...(await emitLibrary(compilation)), ...(await boardFiles(compilation))];
  const files = [...change(emitted), { path: 'main.c', content: main }].filter(({ path }) => /\.[ch]$/.test(path));
  const directory = mkdtempSync(join(folder, 'board-'));
  const build = await buildFirmware({ files, target, directory, includeDirectories: INCLUDE_DIRECTORIES });
  if (build.warnings !== '') throw new Error(build.warnings);
  const command =
    target.qemu === undefined
      ? [build.program, ...args]
      : [target.qemu.command, ...qemuArguments(target.qemu), '-serial', 'pty', '-kernel', build.program];
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
  return { port: await portOf(child), stop: () => child.kill('SIGKILL') };
}

function portOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const take = (chunk: Buffer) => {
      text += chunk.toString();
      const port = /redirected to (\S+) \(/.exec(text)?.[1];
      if (port !== undefined) resolve(port);
    };
    child.stdout!.on('data', take);
    child.stderr!.on('data', take);
    child.on('exit', () => reject(new Error(`the board ended: ${text}`)));
  });
}
