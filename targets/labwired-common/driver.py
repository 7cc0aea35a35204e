"""Runs a nanoc program on a chip model of labwired: driver.py <elf> <chip>.

The program asks through the words `nanoc_mailbox` (targets/mailbox/simulated.h) for what Arm semihosting would do, and this driver
answers from `stimulus.bin` into `response.bin` of the working folder, straight from and into the program's memory: nothing has to fit
into the chip's RAM. Exit codes: 0 the program ended well, 1 it did not, 97 labwired is not installed, 98 it does not know the chip.
"""
import sys

try:
    import labwired
except ImportError:
    sys.exit(97)

OPEN, WRITE_TEXT, WRITE, READ, EXIT = 0x01, 0x04, 0x05, 0x06, 0x18
GOOD_END = 0x20026
# Virtual time between two looks at the mailbox, in nanoseconds: short after an answer, doubled while the program computes.
SHORTEST, LONGEST = 2_000, 8_000_000


class Chip:
    def __init__(self, elf, name):
        self.sim = labwired.Sim(elf, chip=name)
        self.mailbox = self.sim.symbol("nanoc_mailbox")
        if self.mailbox is None:
            raise ValueError("the program has no mailbox")

    def request(self):
        """Runs until the program asks for something: (operation, address of its argument)."""
        wait = SHORTEST
        while True:
            reason = self.sim.run_for(wait / 1e9)
            operation = self.sim.read_u32(self.mailbox)
            if operation != 0:
                return operation, self.sim.read_u32(self.mailbox + 4)
            if reason.kind != "reached":
                raise RuntimeError(f"the simulator stopped: {reason.kind}, pc {reason.pc}")
            wait = min(2 * wait, LONGEST)

    def answer(self, result):
        self.sim.write_u32(self.mailbox + 8, result)
        self.sim.write_u32(self.mailbox, 0)

    def words(self, address, count):
        return [self.sim.read_u32(address + 4 * index) for index in range(count)]

    def text(self, address):
        text = bytearray()
        while len(text) < 4096:
            byte = self.sim.read_memory(address + len(text), 1)
            if byte == b"\0":
                break
            text += byte
        return text.decode("utf-8", errors="replace")

    def store(self, address, data):
        """Whole words are written; at the ends the neighbours' bytes stay."""
        start, end = address & ~3, (address + len(data) + 3) & ~3
        head = self.sim.read_memory(start, address - start) if address > start else b""
        tail_at = address + len(data)
        tail = self.sim.read_memory(tail_at, end - tail_at) if end > tail_at else b""
        whole = head + data + tail
        for at in range(0, len(whole), 4):
            self.sim.write_u32(start + at, int.from_bytes(whole[at : at + 4], "little"))


def serve(chip, stimulus, response):
    """Answers until the program ends; returns the exit code."""
    while True:
        operation, argument = chip.request()
        if operation == EXIT:
            return 0 if argument == GOOD_END else 1
        if operation == OPEN:
            result = 1
        elif operation == WRITE_TEXT:
            sys.stdout.write(chip.text(argument))
            sys.stdout.flush()
            result = 0
        elif operation == WRITE:
            _, address, count = chip.words(argument, 3)
            response.write(chip.sim.read_memory(address, count))
            response.flush()
            result = 0
        elif operation == READ:
            _, address, count = chip.words(argument, 3)
            data = stimulus.read(count)
            chip.store(address, data)
            result = count - len(data)
        else:
            raise ValueError(f"the program asks for the unknown operation {operation:#x}")
        chip.answer(result)


def main():
    elf, name = sys.argv[1:3]
    try:
        chip = Chip(elf, name)
    except ValueError as error:
        print(error)
        return 98
    with open("stimulus.bin", "rb") as stimulus, open("response.bin", "wb") as response:
        try:
            return serve(chip, stimulus, response)
        except RuntimeError as error:
            print(error)
            return 1


if __name__ == "__main__":
    sys.exit(main())
