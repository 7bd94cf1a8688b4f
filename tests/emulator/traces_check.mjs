// SPDX-License-Identifier: Apache-2.0
// Random Thumb code in two RP2040s, one by rp2040js's interpreter, one by traces.mjs: node traces_check.mjs TRACES
// PACKAGE SEED PROGRAMS. Prints as JSON how much was compared, and the first difference, if there is one.
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [traces, folder, seed, programs] = process.argv.slice(2);
const { Traces } = await import(pathToFileURL(traces).href);
const { RP2040 } = await import(pathToFileURL(path.join(folder, 'dist/esm/index.js')).href);

const SRAM = 0x20000000, CODE_AT = SRAM + 0x8000, HALF_WORDS = 24, DATA_BYTES = 0x400, MOST_CYCLES = 400;
const SRAM_END = SRAM + 264 * 1024, TO_THREAD = 0xfffffff9;
const EDGES = [0, 1, 2, 31, 32, 33, 255, 0x7fffffff, 0x80000000, 0xffffffff, SRAM - 4, SRAM_END - 4, TO_THREAD];
const silent = { debug() {}, info() {}, warn() {}, error() {} };

let state = Number(seed);
function random(below) { // xorshift32
  state ^= state << 13; state ^= state >>> 17; state ^= state << 5;
  return (state >>> 0) % below;
}

function branch(at) { // conditional or not, to somewhere in the program, often to its start
  const to = random(2) ? 0 : random(HALF_WORDS), offset = to - at - 2;
  return random(4) ? 0xd000 | random(14) << 8 | offset & 255 : 0xe000 | offset & 0x7ff;
}

function halfWord(at) {
  switch (random(8)) {
    case 0: return branch(at);
    case 1: case 2: return 0x4000 | random(0x400); // two registers, shifts by one among them
    case 3: return 0x4700 | random(32) << 3; // branches to what a register holds
    default: return random(0xf000);
  }
}

function value() {
  const kind = random(16);
  if (kind === 0) return CODE_AT + 2 * random(HALF_WORDS); // so that code writes over code
  if (kind < 5) return EDGES[random(EDGES.length)];
  return kind < 8 ? random(0xffffffff) : SRAM + random(DATA_BYTES / 4) * 4;
}

function machine() {
  const mcu = new RP2040();
  mcu.logger = silent;
  return mcu;
}

const [one, other] = [machine(), machine()];
const translated = new Traces(other);
const found = { pieces: 0, instructions: 0, loops: 0, left: 0, difference: null };

function load(code, registers, flags, currentMode) {
  for (const mcu of [one, other]) {
    code.forEach((half, i) => mcu.sramView.setUint16(CODE_AT - SRAM + 2 * i, half, true));
    mcu.core.registers.set([...registers, CODE_AT]);
    [mcu.core.N, mcu.core.Z, mcu.core.C, mcu.core.V] = flags;
    Object.assign(mcu.core, { waiting: false, interruptsUpdated: false, PM: false, currentMode, IPSR: 0, SPSEL: 0,
      pendingSVCall: false });
  }
}

function loadRandom() {
  const code = [...Array(HALF_WORDS).keys()].map(halfWord);
  const registers = [...Array(15)].map(value), flags = [0, 0, 0, 0].map(() => random(2) === 1);
  registers[13] = SRAM + DATA_BYTES / 2;
  for (let at = 0; at < DATA_BYTES; at += 4) {
    const word = value();
    for (const mcu of [one, other]) mcu.sramView.setUint32(at, word, true);
  }
  load(code, registers, flags, random(4) ? 0 : 1); // in a thread, or in an exception
  translated.forget();
  return code;
}

function all(mcu) {
  const { core } = mcu;
  return JSON.stringify([...core.registers, core.N, core.Z, core.C, core.V, core.waiting, core.interruptsUpdated,
    core.currentMode]);
}

// Both go on until the program is left, or the interpreter has had enough of it; returns whether they are the same.
function run(pieces) {
  for (let i = 0; i < pieces; i++) {
    for (const { core } of [one, other]) core.PC &= ~1; // the interpreter leaves the bit of a vector there
    const at = (other.core.PC - SRAM) >> 1, before = translated.state.instructions;
    if (other.core.PC < SRAM || other.core.PC >= SRAM_END || other.core.waiting) return true;
    const budget = other.core.interruptsUpdated ? 0 : 1 + random(MOST_CYCLES);
    if (translated.functions[at] === null) translated.translate(at);
    const cycles = budget && translated.run(budget), instructions = translated.state.instructions - before;
    let wanted = 0;
    for (let done = 0; done < instructions; done++) wanted += one.core.executeInstruction();
    found.pieces += 1;
    found.instructions += instructions;
    if (instructions > 2 * HALF_WORDS) found.loops += 1;
    if (wanted !== cycles || cycles > budget || all(one) !== all(other)) return false;
    const last = [one, other].map((mcu) => mcu.core.executeInstruction());
    found.left += 1;
    if (last[0] !== last[1] || all(one) !== all(other)) return false;
  }
  return true;
}

function note(code, start) {
  const program = code.map((half) => half.toString(16));
  found.difference = { program, start, interpreted: all(one), traced: all(other) };
}

// Each operation of two registers, on each two values where something may go wrong.
for (let operation = 0; operation < 16; operation++) {
  const code = [0x4008 | operation << 6, 0xbe00];
  translated.forget();
  for (const a of EDGES) {
    for (const b of EDGES) {
      for (const carry of [false, true]) {
        load(code, [a, b, ...Array(13).fill(0)], [carry, !carry, carry, !carry], 0);
        const start = all(one);
        if (!found.difference && !run(1)) note(code, start);
      }
    }
  }
}
for (let i = 0; i < Number(programs) && !found.difference; i++) {
  const code = loadRandom(), start = all(one);
  const isSame = run(20);
  if (!isSame || Buffer.compare(Buffer.from(one.sram), Buffer.from(other.sram))) note(code, start);
}
process.stdout.write(JSON.stringify(found));
