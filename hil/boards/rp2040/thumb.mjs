// SPDX-License-Identifier: Apache-2.0
// Thumb code to JavaScript: a run of instructions that are likely to follow each other becomes one function.
//
// It computes what rp2040js's interpreter (cortex-m0-core.js, executeInstruction) computes, registers, flags and
// cycles, its oddities included. What it cannot do it leaves to the interpreter: an access that is not to SRAM, or
// writes over translated code, and each instruction that can change what interrupts the core. There it ends, before
// the instruction.
import { PC, SRAM, SRAM_BYTES, Writer } from './writer.mjs';

const LONGEST = 48; // instructions of one function
const SP = 13, LR = 14;

const MEMORY = { 1: ['U8', 0], 2: ['U16', 1], 4: ['S32', 2] };

function load(writer, target, base, offset, bytes, at, isSigned = false) {
  const place = writer.place(base, offset, bytes, at, false), [view, shift] = MEMORY[bytes];
  writer.set(target, `${isSigned ? view.replace('U', 'S') : view}[${place} >> ${shift}]`);
  return 2;
}

function store(writer, source, base, offset, bytes, at) {
  const place = writer.place(base, offset, bytes, at, true), [view, shift] = MEMORY[bytes];
  writer.body.push(`${view}[${place} >> ${shift}] = ${writer.register(source)};`);
  return 2;
}

const listed = (opcode, count) => [...Array(count).keys()].filter((i) => opcode >> i & 1);

// Loads or stores several registers from an address on; returns the name of its place.
function several(writer, base, offset, registers, at, isWritten) {
  const place = writer.place(base, offset, 4, at, false);
  const last = registers.length - 1;
  const inCode = isWritten ? registers.map((_, i) => ` || code[(${place} >> 2) + ${i}]`).join('') : '';
  writer.unless(`${place} > ${SRAM_BYTES - 4 * (last + 1)}${inCode}`, at);
  return place;
}

// Shifts by as much as the name of ``count`` says; ``result`` and ``carry`` are made with that name.
function shift(writer, target, count, result, carry) {
  const by = writer.value(count), value = writer.set(target, result(by));
  writer.logical(value);
  writer.setFlags({ C: carry(by, value) });
}

// The sixteen operations on two low registers, in the order of their codes: a is the target's, too.
const OPERATIONS = [
  (w, d, a, b) => w.logical(w.set(d, `${a} & ${b}`)),
  (w, d, a, b) => w.logical(w.set(d, `${a} ^ ${b}`)),
  (w, d, a, b) => shift(w, d, `${b} & 255`, (by) => `${by} >= 32 ? 0 : ${a} << ${by}`,
    (by) => `(${by} ? (${a} & (1 << (32 - ${by}))) !== 0 : ${w.flag('C')})`),
  (w, d, a, b) => shift(w, d, `${b} & 255`, (by) => `${by} < 32 ? ${a} >>> ${by} | 0 : 0`,
    (by) => `(${by} <= 32 && (${a} >>> (${by} - 1) & 1) !== 0)`),
  (w, d, a, b) => shift(w, d, `(${b} & 255) < 32 ? ${b} & 255 : 32`, (by) => `${a} >> (${by} < 32 ? ${by} : 31)`,
    (by) => `(${a} & (1 << (${by} - 1))) !== 0`),
  (w, d, a, b) => w.alias(d, w.addWithCarry(b, a)),
  (w, d, a, b) => w.alias(d, w.subtractWithCarry(a, b)),
  (w, d, a, b) => shift(w, d, `${b} & 31`, (by) => `${a} >>> ${by} | ${a} << (32 - ${by})`,
    (_, value) => `${value} < 0`),
  (w, d, a, b) => w.logical(w.value(`${a} & ${b}`)),
  (w, d, a, b) => w.alias(d, w.subtract('0', b)),
  (w, d, a, b) => w.subtract(a, b),
  (w, d, a, b) => w.add(a, b),
  (w, d, a, b) => w.logical(w.set(d, `${a} | ${b}`)),
  (w, d, a, b) => w.logical(w.set(d, `Math.imul(${a}, ${b})`)),
  (w, d, a, b) => w.logical(w.set(d, `${a} & ~${b}`)),
  (w, d, a, b) => w.logical(w.set(d, `~${b}`)),
];

const EXTENSIONS = [(a) => `${a} << 16 >> 16`, (a) => `${a} << 24 >> 24`, (a) => `${a} & 0xffff`, (a) => `${a} & 0xff`];
const REVERSALS = [
  (a) => `${a} << 24 | (${a} & 0xff00) << 8 | ${a} >>> 8 & 0xff00 | ${a} >>> 24`,
  (a) => `(${a} & 0xff00ff) << 8 | ${a} >>> 8 & 0xff00ff`,
  null,
  (a) => `${a} << 24 >> 16 | ${a} >>> 8 & 0xff`,
];
const REGISTER_LOADS = { 3: [1, true], 4: [4, false], 5: [2, false], 6: [1, false], 7: [2, true] };
const REGISTER_STORES = { 0: 4, 1: 2, 2: 1 };

// Writes an instruction that does not branch. Returns its cycles, 0 where it is not known.
function write(w, at, opcode) {
  const top = opcode >> 11, low = opcode & 7, middle = opcode >> 3 & 7, high = opcode >> 6 & 7, high8 = opcode >> 8 & 7;
  const five = opcode >> 6 & 31, eight = opcode & 255, a = w.register(middle);
  switch (top) {
    case 0:
      w.logical(w.set(low, `${a} << ${five}`));
      if (five) w.setFlags({ C: `(${a} & ${1 << (32 - five)}) !== 0` });
      return 1;
    case 1:
      w.logical(w.set(low, five ? `${a} >>> ${five} | 0` : '0'));
      w.setFlags({ C: `(${a} >>> ${five ? five - 1 : 31} & 1) !== 0` });
      return 1;
    case 2:
      w.logical(w.set(low, `${a} >> ${five || 31}`));
      w.setFlags({ C: `(${a} & ${1 << ((five || 32) - 1)}) !== 0` });
      return 1;
    case 3: {
      const b = opcode & 0x400 ? `${high}` : w.register(high);
      w.alias(low, opcode & 0x200 ? w.subtract(a, b) : w.add(a, b));
      return 1;
    }
    case 4: w.logical(w.set(high8, `${eight}`)); return 1;
    case 5: w.subtract(w.register(high8), `${eight}`); return 1;
    case 6: w.alias(high8, w.add(w.register(high8), `${eight}`)); return 1;
    case 7: w.alias(high8, w.subtract(w.register(high8), `${eight}`)); return 1;
    case 8:
      if (opcode & 0x400) return writeHigh(w, at, opcode);
      OPERATIONS[opcode >> 6 & 15](w, low, w.register(low), a);
      return 1;
    case 9: return load(w, high8, `${(at + 4 & ~3) + 4 * eight}`, '0', 4, at);
    case 10: case 11: {
      const kind = opcode >> 9 & 7, offset = w.register(high);
      if (kind in REGISTER_STORES) return store(w, low, a, offset, REGISTER_STORES[kind], at);
      return load(w, low, a, offset, REGISTER_LOADS[kind][0], at, REGISTER_LOADS[kind][1]);
    }
    case 12: return store(w, low, a, 4 * five, 4, at);
    case 13: return load(w, low, a, 4 * five, 4, at);
    case 14: return store(w, low, a, five, 1, at);
    case 15: return load(w, low, a, five, 1, at);
    case 16: return store(w, low, a, 2 * five, 2, at);
    case 17: return load(w, low, a, 2 * five, 2, at);
    case 18: return store(w, high8, w.register(SP), 4 * eight, 4, at);
    case 19: return load(w, high8, w.register(SP), 4 * eight, 4, at);
    case 20: w.set(high8, `${(at & ~3) + 4 + 4 * eight}`); return 1;
    case 21: w.set(high8, `(${w.register(SP)} + ${4 * eight}) | 0`); return 1;
    case 22: case 23: return writeMiscellaneous(w, at, opcode);
    case 24: {
      const registers = listed(opcode, 8), base = w.register(high8);
      if (!registers.length) return 0;
      const place = several(w, base, 0, registers, at, true);
      registers.forEach((r, i) => w.body.push(`S32[(${place} >> 2) + ${i}] = ${w.register(r)};`));
      if (!registers.includes(high8)) w.set(high8, `(${base} + ${4 * registers.length}) | 0`);
      return 1 + registers.length;
    }
    case 25: {
      const registers = listed(opcode, 8), base = w.register(high8);
      if (!registers.length) return 0;
      const place = several(w, base, 0, registers, at, false);
      registers.forEach((r, i) => w.set(r, `S32[(${place} >> 2) + ${i}]`));
      if (!registers.includes(high8)) w.set(high8, `(${base} + ${4 * registers.length}) | 0`);
      return 1 + registers.length;
    }
    default: return 0;
  }
}

// ADD, CMP and MOV of any registers.
function writeHigh(w, at, opcode) {
  const source = opcode >> 3 & 15, target = opcode >> 4 & 8 | opcode & 7, kind = opcode >> 8 & 3;
  if (target === PC || kind === 3) return 0;
  const b = source === PC ? `${at + 4}` : w.register(source), align = target === SP ? ' & ~3' : '';
  if (kind === 0) w.set(target, `(${w.register(target)} + ${b})${align || ' | 0'}`);
  else if (kind === 2) w.set(target, `${b}${align}`);
  else if (source === PC) return 0;
  else w.subtract(w.register(target), b);
  return 1;
}

function writeMiscellaneous(w, at, opcode) {
  const low = opcode & 7, a = w.register(opcode >> 3 & 7), sp = w.register(SP), kind = opcode >> 8 & 15;
  if (kind === 0) {
    const bytes = 4 * (opcode & 0x7f);
    w.set(SP, `(${sp} ${opcode & 0x80 ? '-' : '+'} ${bytes}) & ~3`);
    return 1;
  }
  if (kind === 2) { w.set(low, EXTENSIONS[opcode >> 6 & 3](a)); return 1; }
  if (kind === 10 && (opcode >> 6 & 3) !== 2) { w.set(low, REVERSALS[opcode >> 6 & 3](a)); return 1; }
  if (kind === 4 || kind === 5) {
    const registers = [...listed(opcode, 8), ...(kind === 5 ? [LR] : [])], bytes = 4 * registers.length;
    if (!registers.length) return 0;
    const place = several(w, sp, -bytes, registers, at, true);
    registers.forEach((r, i) => w.body.push(`S32[(${place} >> 2) + ${i}] = ${w.register(r)};`));
    w.set(SP, `(${sp} - ${bytes}) & ~3`);
    return 1 + listed(opcode, 8).length;
  }
  if (kind === 12) {
    const registers = listed(opcode, 8);
    if (!registers.length) return 0;
    const place = several(w, sp, 0, registers, at, false);
    registers.forEach((r, i) => w.set(r, `S32[(${place} >> 2) + ${i}]`));
    w.set(SP, `(${sp} + ${4 * registers.length}) & ~3`);
    return 1 + registers.length;
  }
  return opcode === 0xbf00 ? 1 : 0;
}

// Writes a branch, and ends the function or goes on behind it. Returns where it goes on; null: it has ended; undefined:
// this is no branch that is known.
function branch(w, at, opcode, opcode2) {
  const taken = { cycles: w.cycles + 2, instructions: w.instructions + 1 };
  if (opcode >> 12 === 13 && (opcode >> 9 & 7) !== 7) {
    const target = at + 4 + (opcode << 24 >> 23);
    w.body.push(`if (${w.condition(opcode >> 8 & 15)})`);
    if (target === w.start) {
      w.instructions += 1;
      w.again(taken.cycles);
      w.instructions -= 1;
    } else w.end(target, taken);
    return at + 2;
  }
  if (opcode >> 11 === 28) {
    w.cycles += 2;
    w.instructions += 1;
    const target = at + 4 + (opcode << 21 >> 20);
    if (target !== w.start) return target;
    w.again(w.cycles);
    return null;
  }
  if (opcode >> 11 === 30 && (opcode2 & 0xd000) === 0xd000) {
    const sign = opcode >> 10 & 1, bit = (value) => 1 - (sign ^ value);
    const offset = (sign ? -(1 << 24) : 0) | bit(opcode2 >> 13 & 1) << 23 | bit(opcode2 >> 11 & 1) << 22 |
      (opcode & 0x3ff) << 12 | (opcode2 & 0x7ff) << 1;
    w.set(LR, `${at + 4 | 1}`);
    w.cycles += 3;
    w.instructions += 1;
    return at + 4 + offset;
  }
  let target;
  const isReturn = opcode >> 8 === 0xbd, isCall = (opcode & 0xff87) === 0x4780, isJump = (opcode & 0xff87) === 0x4700;
  if (isReturn) {
    const registers = listed(opcode, 8), sp = w.register(SP), count = registers.length;
    const place = several(w, sp, 0, [...registers, PC], at, false);
    target = w.value(`S32[(${place} >> 2) + ${count}]`);
    w.unless(`${target} >>> 28 === 15`, at);
    registers.forEach((r, i) => w.set(r, `S32[(${place} >> 2) + ${i}]`));
    w.set(SP, `(${sp} + ${4 * (count + 1)}) & ~3`);
    w.cycles += 1 + count + 2;
  } else if (isCall || isJump) {
    target = w.register(opcode >> 3 & 15);
    if ((opcode >> 3 & 15) === PC || (isCall && (opcode >> 3 & 15) === LR)) return undefined;
    if (isJump) w.unless(`${target} >>> 28 === 15`, at);
    if (isCall) w.set(LR, `${at + 2 | 1}`);
    w.cycles += 2;
  } else return undefined;
  w.instructions += 1;
  w.end(`${target} & ~1`);
  return null;
}

// A function for the code at an address in SRAM.
//
// Returns {text, most, words}: its body in JavaScript, whose parameters are as in traces.mjs; the cycles that it takes
// at most, once through; and the words of SRAM that it was made of. null where the first instruction is not known.
export function translate(start, halfWord) {
  const w = new Writer(start), words = new Set();
  let at = start;
  for (const seen = new Set(); ;) {
    const isInside = at >= SRAM && at + 4 <= SRAM + SRAM_BYTES;
    if (!isInside || seen.has(at) || w.instructions === LONGEST) { w.end(at); break; }
    seen.add(at);
    const opcode = halfWord(at), isWide = opcode >> 11 > 28, opcode2 = isWide ? halfWord(at + 2) : 0;
    const next = branch(w, at, opcode, opcode2);
    if (next !== undefined) {
      if (isWide) words.add(at + 2 - SRAM >> 2);
      words.add(at - SRAM >> 2);
      if (next === null) break;
      if (next === at + 2 && opcode >> 11 !== 28) { w.cycles += 1; w.instructions += 1; }
      at = next;
      continue;
    }
    const cycles = write(w, at, opcode);
    if (!cycles) { w.end(at, { isStuck: true }); break; }
    words.add(at - SRAM >> 2);
    w.cycles += cycles;
    w.instructions += 1;
    at += 2;
  }
  return w.instructions ? { text: w.text(), most: w.most, words } : null;
}
