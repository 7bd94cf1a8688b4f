// SPDX-License-Identifier: Apache-2.0
// A function in JavaScript as it is written, instruction by instruction: its parameters are as in traces.mjs.

export const SRAM = 0x20000000, SRAM_BYTES = 264 * 1024, PC = 15;
const FLAGS = ['N', 'Z', 'C', 'V'];

// Each value has a name of its own, which is never written again; so a flag is an expression, written down where
// somebody asks for it.
export class Writer {
  constructor(start) {
    this.start = start;
    this.body = []; // text, or a function that makes it when all is known
    this.names = new Map(); // of what is in a register
    this.changed = new Set(); // registers, so far
    this.flags = {};
    this.changedFlags = new Set();
    this.compared = null; // the two values whose difference the flags are of
    this.cycles = 0;
    this.instructions = 0;
    this.most = 0; // cycles from start to any end
    this.loops = false;
    this.named = 0;
  }

  register(number) { return this.names.get(number) ?? `r${number}`; }

  value(expression) {
    const name = `t${this.named++}`;
    this.body.push(`const ${name} = ${expression};`);
    return name;
  }

  // A name for what another register or value is already.
  alias(number, name) {
    this.names.set(number, name);
    this.changed.add(number);
  }

  set(number, expression) {
    const name = this.value(expression);
    this.alias(number, name);
    return name;
  }

  flag(name) { return this.flags[name] ?? `f${name}`; }

  setFlags(expressions) {
    for (const [name, expression] of Object.entries(expressions)) {
      this.flags[name] = expression;
      this.changedFlags.add(name);
    }
    this.compared = null;
  }

  logical(result) { this.setFlags({ N: `${result} < 0`, Z: `${result} === 0` }); }

  add(a, b) {
    const sum = this.value(`(${a} + ${b}) | 0`);
    this.setFlags({ N: `${sum} < 0`, Z: `${sum} === 0`, C: `(${sum} >>> 0) < (${a} >>> 0)`,
      V: `((${a} ^ ${sum}) & (${b} ^ ${sum})) < 0` });
    return sum;
  }

  subtract(a, b) {
    const difference = this.value(`(${a} - ${b}) | 0`);
    this.setFlags({ N: `${difference} < 0`, Z: `${difference} === 0`, C: `(${a} >>> 0) >= (${b} >>> 0)`,
      V: `((${a} ^ ${b}) & (${a} ^ ${difference})) < 0` });
    this.compared = [a, b];
    return difference;
  }

  // The two with a carry, whose second operand the interpreter sums up first, beyond 32 bits.
  addWithCarry(a, b) {
    const second = this.value(`(${b} >>> 0) + (${this.flag('C')} ? 1 : 0)`);
    const whole = this.value(`(${a} >>> 0) + ${second}`), sum = this.value(`${whole} | 0`);
    this.setFlags({ N: `${sum} < 0`, Z: `${sum} === 0`, C: `${whole} > 0xffffffff`,
      V: `${sum} !== (${a} | 0) + (${second} | 0)` });
    return sum;
  }

  subtractWithCarry(a, b) {
    const second = this.value(`(${b} >>> 0) + (${this.flag('C')} ? 0 : 1)`);
    const difference = this.value(`((${a} >>> 0) - ${second}) | 0`);
    this.setFlags({ N: `${difference} < 0`, Z: `${difference} === 0`, C: `(${a} >>> 0) >= ${second}`,
      V: `((${a} ^ (${second} | 0)) & (${a} ^ ${difference})) < 0` });
    return difference;
  }

  condition(code) {
    const [n, z, c, v] = FLAGS.map((name) => `(${this.flag(name)})`);
    const [a, b] = this.compared ?? [];
    const base = [
      z, c, n, v,
      a ? `(${a} >>> 0) > (${b} >>> 0)` : `${c} && !${z}`,
      a ? `${a} >= ${b}` : `${n} === ${v}`,
      a ? `${a} > ${b}` : `${n} === ${v} && !${z}`,
    ][code >> 1];
    return code & 1 ? `!(${base})` : `(${base})`;
  }

  // What ends the function here: registers and flags as they are now, and where it goes on.
  end(next, { cycles = this.cycles, instructions = this.instructions, isStuck = false } = {}) {
    const names = new Map(this.names), changed = new Set(this.changed);
    const flags = { ...this.flags }, changedFlags = new Set(this.changedFlags);
    this.most = Math.max(this.most, cycles);
    this.body.push(() => {
      const kept = [...(this.loops ? this.changed : changed)].map((i) => `R[${i}] = ${names.get(i) ?? `r${i}`};`);
      const told = [...(this.loops ? this.changedFlags : changedFlags)].map(
        (name) => `core.${name} = ${flags[name] ?? `f${name}`};`);
      const whole = this.loops ? [`cycles + ${cycles}`, `instructions + ${instructions}`] : [cycles, instructions];
      return `{ ${kept.join(' ')} ${told.join(' ')} R[${PC}] = ${next}; state.instructions += ${whole[1]};` +
        `${isStuck ? ' state.isStuck = true;' : ''} return ${whole[0]}; }`;
    });
  }

  // Back to the start, as long as the cycles allow all of it once more.
  again(cycles) {
    const names = new Map(this.names), flags = { ...this.flags }, instructions = this.instructions;
    this.loops = true;
    this.most = Math.max(this.most, cycles);
    this.body.push(() => {
      const registers = [...names], set = Object.entries(flags);
      return [
        '{', ...registers.map(([i, name]) => `const n${i} = ${name};`),
        ...set.map(([f, text]) => `const n${f} = ${text};`),
        ...registers.map(([i]) => `r${i} = n${i};`), ...set.map(([f]) => `f${f} = n${f};`),
        `cycles += ${cycles}; instructions += ${instructions};`,
        `if (cycles + ${this.most} <= budget) continue;`,
        ...[...this.changed].map((i) => `R[${i}] = r${i};`), ...[...this.changedFlags].map((f) => `core.${f} = f${f};`),
        `R[${PC}] = ${this.start}; state.instructions += instructions; return cycles; }`,
      ].join(' ');
    });
  }

  // Leave the instruction to the interpreter where a condition holds.
  unless(condition, at) {
    this.body.push(`if (${condition})`);
    this.end(at, { isStuck: true });
  }

  // Where in SRAM an access is, in bytes.
  place(base, offset, bytes, at, isWritten) {
    const place = this.value(`(${base} + ${offset} - ${SRAM}) | 0`);
    const misplaced = bytes > 1 ? `${place} & ${bytes - 1} || ` : '';
    this.unless(`${misplaced}${place} >>> 0 >= ${SRAM_BYTES}${isWritten ? ` || code[${place} >> 2]` : ''}`, at);
    return place;
  }

  text() {
    const body = this.body.map((part) => (typeof part === 'string' ? part : part())).join('\n');
    const used = new Set(body.match(/\b[rf](?:\d+|[NZCV])\b/g));
    const first = [...used].map((name) => `, ${name} = ${name[0] === 'r' ? `R[${name.slice(1)}]` : `core.${name[1]}`}`);
    return `let cycles = 0, instructions = 0${first.join('')};\n${this.loops ? `for (;;) {\n${body}\n}` : body}`;
  }
}
