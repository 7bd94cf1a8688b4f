// SPDX-License-Identifier: Apache-2.0
// Runs the code that an RP2040 of rp2040js has in SRAM in pieces, each translated to one function, until something can
// happen to the core. Time does not pass meanwhile; the caller lets it pass by the cycles that were spent.
import { translate } from './thumb.mjs';
import { PC, SRAM, SRAM_BYTES } from './writer.mjs';

const WARM = 8; // visits that are worth a translation

export class Traces {
  // Takes note of every write to memory that others than translated code do.
  constructor(mcu) {
    this.core = mcu.core;
    this.state = { instructions: 0, isStuck: false };
    const sram = mcu.sram.buffer, registers = new Int32Array(mcu.core.registers.buffer);
    this.registers = registers;
    this.halfWords = new Uint16Array(sram);
    this.code = new Uint8Array(SRAM_BYTES / 4); // which words are translated
    this.known = { core: mcu.core, state: this.state, R: registers, code: this.code, S32: new Int32Array(sram),
      U16: this.halfWords, S16: new Int16Array(sram), U8: mcu.sram, S8: new Int8Array(sram) };
    this.forget();
    for (const name of ['writeUint8', 'writeUint16', 'writeUint32']) {
      const write = mcu[name].bind(mcu);
      mcu[name] = (address, value) => {
        write(address, value);
        const place = (address >>> 0) - SRAM;
        if (place >= 0 && place < SRAM_BYTES && this.code[place >> 2]) this.forget();
      };
    }
  }

  // All translations; also those of code that was changed behind the core's back.
  forget() {
    this.code.fill(0);
    this.visits = new Uint8Array(SRAM_BYTES / 2);
    this.most = new Int32Array(SRAM_BYTES / 2);
    this.functions = new Array(SRAM_BYTES / 2).fill(null);
  }

  // Runs translated code, for so many cycles at most. It ends where the next piece would take more, or where the
  // interpreter has to go on. Returns the cycles that were spent.
  run(budget) {
    let spent = 0;
    for (;;) {
      const at = (this.registers[PC] - SRAM) >> 1;
      if (at >>> 0 >= this.functions.length) return spent;
      const piece = this.functions[at];
      if (piece === null) {
        if (this.visits[at] === WARM || ++this.visits[at] < WARM || !this.translate(at)) return spent;
        continue;
      }
      if (this.most[at] > budget - spent) return spent;
      spent += piece(budget - spent);
      if (this.state.isStuck) {
        this.state.isStuck = false;
        return spent;
      }
    }
  }

  translate(at) {
    const made = translate(SRAM + 2 * at, (address) => this.halfWords[(address - SRAM) >> 1]);
    if (!made) return false;
    for (const word of made.words) this.code[word] = 1;
    this.most[at] = made.most;
    this.functions[at] = new Function(...Object.keys(this.known), `return (budget) => {\n${made.text}\n};`)(
      ...Object.values(this.known));
    return true;
  }
}
