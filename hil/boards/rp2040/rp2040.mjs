// SPDX-License-Identifier: Apache-2.0
// An RP2040 in rp2040js, from reset on:
// node rp2040.mjs [--pdm] [--usb] [--interpreted] PACKAGE FIRMWARE [AUDIO [FIGURES]]
//
// PACKAGE    folder of the npm package
// FIRMWARE   a file of 16 MB at most that lies in flash from 0x10000000 on
// AUDIO      16-bit samples, low byte first, which the ADC hears on every channel, one a conversion. The first
//            is that of the first conversion; behind the last the program ends, and FIGURES is written. Without
//            FIGURES it goes on in silence, as a microphone does
// --pdm      AUDIO is the bits of a PDM microphone, the highest of a byte first: one for each time that GPIO2 falls,
//            on GPIO3; 64 are a sample
//
// --usb      a host configures the board and opens its serial port; standard input goes there as soon as it is open, and
//            a packet as soon as the board takes one. What the board says on any line is standard output
// --interpreted
//            each instruction by the package's interpreter, none by traces.mjs; all that is counted is the same
//
// UART0 is on standard input and output, at 1,000,000 baud whatever the firmware asked for; a byte waits until the
// FIFO has room for it, and what is sent is taken at once. A core that waits keeps step with the clock on the wall;
// with FIGURES, time is the emulator's alone.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Traces } from './traces.mjs';

const [isPdm, isUsb, isInterpreted] = ['--pdm', '--usb', '--interpreted'].map((flag) => process.argv.includes(flag));
const [folder, firmware, audio, figures] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const esm = (file) => import(pathToFileURL(path.join(folder, 'dist/esm', file)).href);
const { RP2040 } = await esm('index.js');
const { GPIOPinState } = await esm('gpio-pin.js');
const { USBCDC } = await esm('usb/cdc.js');
const { SimulationClock } = await esm('clock/simulation-clock.js');

const BOOT_BYTES = 256, BOOT_AT = 0x20041f00, AIRCR = 0xd0c, RESET_REQUEST = 0x05fa0004;
const SLICE_STEPS = 20_000, FIFO_BYTES = 32, BYTE_NANOS = 10_000;
const CLOCK_PIN = 2, DATA_PIN = 3, BITS_A_SAMPLE = 64, RECEIVE_STALLED = 1;
const image = fs.readFileSync(firmware);
const heard = audio ? fs.readFileSync(audio) : null;
const samples = heard && !isPdm ? samplesOf(heard) : null;
const soundSamples = !heard ? 0 : isPdm ? heard.length * 8 / BITS_A_SAMPLE : samples.length;
const isTimed = figures === undefined; // by the clock on the wall

const clock = new SimulationClock();
const mcu = new RP2040(clock);
mcu.logger = { debug() {}, info() {}, warn() {}, error: (who, what) => process.stderr.write(`${who}: ${what}\n`) };
const traces = new Traces(mcu);
let input = [], inputAt = 0, fedNanos = 0, output = [], isInputOver = false;
let conversions = 0, busyCycles = 0, instructions = 0, overruns = 0;

function samplesOf(bytes) {
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~1)));
}

// The CRC of the boot ROM: polynomial 04C11DB7, from all ones on, highest bit first.
function crc(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1;
  }
  return value >>> 0;
}

// What the boot ROM does, which the package has not: it checks the first 256 bytes and runs them in SRAM.
function boot() {
  const stage = image.subarray(0, BOOT_BYTES), stored = stage.readUInt32LE(BOOT_BYTES - 4);
  if (crc(stage.subarray(0, BOOT_BYTES - 4)) !== stored) {
    process.stderr.write('the CRC of the second stage is wrong: the boot ROM would wait on the USB\n');
    process.exit(1);
  }
  mcu.reset();
  mcu.flash.set(image, 0);
  mcu.sram.set(stage, BOOT_AT - 0x20000000);
  mcu.core.PC = BOOT_AT;
  mcu.core.LR = 0;
  traces.forget();
}

// A sample is heard as the 12 bits of a converter that sees it around half its range.
mcu.adc.onADCRead = () => {
  const code = samples && conversions < samples.length ? (samples[conversions] >> 4) + 2048 : 2048;
  conversions += 1;
  if (mcu.adc.fifo.full) overruns += 1;
  mcu.adc.channelValues[0] = code;
  mcu.adc.currentChannel = 0;
  mcu.adc.sampleAlarm.schedule(2000);
};

// The package runs a PIO by timers of the computer, all machines at each cycle. Here the first machine runs, in time
// with the core, by its divider.
const pio = mcu.pio[0], machine = pio.machines[0];
pio.run = () => { if (machine.enabled) pioAlarm.schedule(0); };
const pioAlarm = clock.createAlarm(() => {
  if (pio.stopped || !machine.enabled) return;
  const stalls = pio.fdebug & RECEIVE_STALLED;
  machine.step();
  if (!stalls && pio.fdebug & RECEIVE_STALLED) overruns += 1;
  pio.checkChangedPins();
  pioAlarm.schedule((machine.clockDivInt + machine.clockDivFrac / 256) * 1e9 / mcu.clkSys);
});

// A microphone with its L/R at ground: its next bit is there when the clock falls.
let bits = 0;
function presentBit() {
  conversions = Math.floor(bits / BITS_A_SAMPLE);
  const value = heard && bits < heard.length * 8 ? heard[bits >> 3] >> (7 - (bits & 7)) & 1 : bits & 1;
  bits += 1;
  if (value !== Number(mcu.gpio[DATA_PIN].rawInputValue)) mcu.gpio[DATA_PIN].setInputValue(value === 1);
}
if (isPdm) {
  presentBit();
  mcu.gpio[CLOCK_PIN].addListener((now, before) => {
    if (before === GPIOPinState.High && now === GPIOPinState.Low) presentBit();
  });
}
mcu.uart[0].onByte = (byte) => output.push(byte);

// The package's host enumerates a device once, and polls it with empty packets; this one takes each that comes, and
// sends none that is empty. A real host would read strings and line coding, too.
const usb = mcu.usbCtrl;
let host = null, wantedBytes = 0;
function connectHost() {
  host = new USBCDC(usb);
  host.isOpen = false;
  host.onDeviceConnected = () => { host.isOpen = true; };
  host.onSerialData = (bytes) => { output.push(...bytes); };
  usb.onUSBEnabled = connectHost;
  usb.onEndpointRead = (endpoint, size) => {
    if (endpoint === host.outEndpoint) wantedBytes = size;
  };
  wantedBytes = 0;
  usb.resetDevice();
}
if (isUsb) usb.onUSBEnabled = connectHost;

function feedUsb() {
  if (!host?.isOpen || !wantedBytes) return;
  const chunk = input[0].subarray(inputAt, inputAt + wantedBytes);
  wantedBytes = 0;
  usb.endpointReadDone(host.outEndpoint, chunk);
  inputAt += chunk.length;
  if (inputAt === input[0].length) { input.shift(); inputAt = 0; }
}

// The package has no such register.
const write = mcu.ppb.writeUint32.bind(mcu.ppb);
let isResetAsked = false;
mcu.ppb.writeUint32 = (offset, value) => {
  if (offset !== AIRCR) write(offset, value);
  else if (value >>> 0 === RESET_REQUEST) isResetAsked = true;
};

process.stdin.on('data', (data) => { input.push(data); });
process.stdin.on('end', () => { isInputOver = true; });
process.stdout.on('error', () => process.exit(0));

// Until the line has a byte for the core. Where it has no room for one, that changes by what it does itself.
function nanosToByte() {
  const uart = mcu.uart[0];
  const isRoom = !isUsb && uart.rxEnabled && uart.enabled && uart.rxFIFO.itemCount < FIFO_BYTES;
  return input.length && isRoom ? Math.max(0, fedNanos + BYTE_NANOS - clock.nanos) : Infinity;
}

function feed() {
  if (isUsb) { feedUsb(); return; }
  if (nanosToByte()) return;
  fedNanos = clock.nanos;
  mcu.uart[0].feedByte(input[0][inputAt++]);
  if (inputAt === input[0].length) { input.shift(); inputAt = 0; }
}

function flush() {
  if (output.length) { process.stdout.write(Buffer.from(output)); output = []; }
}

function finish() {
  const seconds = clock.nanos / 1e9;
  fs.writeFileSync(figures, JSON.stringify({ seconds, busy_cycles: busyCycles,
    instructions: instructions + traces.state.instructions, conversions, overruns,
    core_hz: mcu.clkSys }));
  flush();
  process.stdout.end(() => process.exit(0));
}

// Cycles in which nothing can happen to a core that keeps to its SRAM: no alarm is due, no byte comes.
function quietCycles(cycleNanos) {
  const toAlarm = clock.nextAlarm ? clock.nanosToNextAlarm : BYTE_NANOS;
  return Math.floor(Math.min(toAlarm, nanosToByte()) / cycleNanos);
}

// One instruction of the interpreter. It would go to sleep with an interrupt pending and masked, and never wake up; a
// Cortex-M0+ does not (Armv6-M Architecture Reference Manual, B1.5.17, wake-up events of WFI).
function step(cycleNanos) {
  const { core } = mcu, cycles = core.executeInstruction();
  if (core.waiting && core.pendingInterrupts & core.enabledInterrupts) core.waiting = false;
  busyCycles += cycles;
  instructions += 1;
  clock.tick(cycles * cycleNanos);
}

// As much translated code as is quiet, and the instruction behind it, which may end the quiet.
function advance() {
  const cycleNanos = 1e9 / mcu.clkSys;
  if (!isInterpreted && !mcu.core.interruptsUpdated && !machine.enabled) { // a PIO leaves no quiet
    const cycles = traces.run(quietCycles(cycleNanos));
    busyCycles += cycles;
    clock.tick(cycles * cycleNanos);
  }
  step(cycleNanos);
}

const startedMs = Date.now();
const aheadMs = () => clock.nanos / 1e6 - (Date.now() - startedMs);
function slice() {
  let waited = false;
  for (let i = 0; i < SLICE_STEPS; i++) {
    if (mcu.core.waiting) {
      if (input.length) {
        feed();
        if (!mcu.core.waiting) continue;
        clock.tick(Math.min(clock.nanosToNextAlarm || BYTE_NANOS, BYTE_NANOS));
        continue;
      }
      clock.tick(clock.nanosToNextAlarm || BYTE_NANOS);
      if (isTimed && aheadMs() > 0) { waited = true; break; }
    } else {
      advance();
      if (input.length) feed();
    }
    if (isResetAsked) { isResetAsked = false; boot(); }
    if (!isTimed && conversions > soundSamples) { finish(); return; }
  }
  flush();
  if (isInputOver && isTimed && !input.length) process.exit(0);
  const ahead = waited && !input.length ? aheadMs() : 0;
  if (ahead > 1) setTimeout(slice, Math.min(ahead, 20)); else setImmediate(slice);
}

boot();
slice();
