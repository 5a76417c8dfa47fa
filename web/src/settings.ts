// What is asked for: size and model for everybody, the rest behind a switch. Each setting that Acuity
// would choose by itself shows what it chose, and goes back to that with one click.
import { api, type Model, type Option, type Settings } from './api';
import { field, h } from './dom';
import { attempt, kSizes, state } from './state';
import { strings as s } from './strings';

type Control = { element: HTMLElement; read: () => void };

const kFormats = ['jpg', 'png', 'webp', 'tiff', 'avif', 'jxl'];
const kKernels = ['box', 'bilinear', 'hamming', 'bicubic', 'lanczos', 'mitchell'];

const value = (name: string) => state.lasting.settings[name];

/** Shows a value, but never under the hands of who is just changing it. */
function put(input: HTMLInputElement, text: string) {
  if (document.activeElement !== input) input.value = text;
}

function choice(name: string, choices: [string, string][]): Control {
  const select = h('select', {
    'data-test': name, on: { change: () => state.set({ [name]: select.value || null }) },
  }, ...choices.map(([v, label]) => h('option', { value: v }, label)));
  return { element: select, read: () => {
    select.value = value(name) ?? '';
    const automatic = state.plan?.automatic[name];
    if (automatic && !value(name)) select.options[0]!.text = s.automaticIs(automatic);
  } };
}

/** A number with a way back to automatic, and what automatic comes to. */
function number(name: string, least: number, most: number, step: number, shown: (text: string) => string = (t) => t, ...more: HTMLElement[]): Control {
  const label = s.controls[name] ?? name;
  const range = h('input', {
    type: 'range', min: String(least), max: String(most), step: String(step), 'data-test': name, ariaLabel: label,
    on: { input: () => { told.textContent = shown(range.value); back.disabled = false; }, change: () => state.set({ [name]: range.value }) },
  });
  const told = h('output.value', {});
  const back = h('button.small', { type: 'button', ariaLabel: s.toAutomatic(label), 'data-test': `${name}-auto`, on: { click: () => state.set({ [name]: null }) } }, s.back);
  const read = () => {
    const own = value(name), automatic = state.plan?.automatic[name];
    const number = parseFloat(own ?? automatic ?? '');
    put(range, String(Number.isNaN(number) ? (name === 'prescale' ? 100 : least) : number));
    told.textContent = own !== undefined ? shown(own) : automatic ? s.automaticIs(automatic) : s.automatic;
    back.disabled = own === undefined;
  };
  return { element: h('div.range', {}, range, told, ...more, back), read };
}

function size(): Control {
  const kind = h('select', { 'data-test': 'size-kind', ariaLabel: s.size }, ...Object.entries(s.sizes).map(([v, label]) => h('option', { value: v }, label)));
  const input = (test: string, least: number, most: number, step = 1) =>
    h('input', { type: 'number', min: String(least), max: String(most), step: String(step), 'data-test': test });
  const factor = input('scale', 1, 64, 0.1), pixels = input('pixels', 1, 300000);
  const side = h('select', { 'data-test': 'pixels-side', ariaLabel: s.side }, ...Object.entries(s.sides).map(([v, label]) => h('option', { value: v }, label)));
  const wide = input('print-width', 0.1, 10000, 0.1), high = input('print-height', 0.1, 10000, 0.1), dpi = input('dpi', 1, 2400);
  const quick = h('div.group', {}, ...['2', '3', '4', '8'].map((f) =>
    h('button', { type: 'button', value: f, 'data-test': `scale-${f}`, on: { click: () => set({ scale: f }) } }, `${f}×`)));
  const sheet = h('div.sheet', {}), inner = h('div.inner', {});
  sheet.append(inner);
  sheet.setAttribute('role', 'img');
  sheet.setAttribute('aria-label', s.paper);
  const parts: Record<string, HTMLElement> = {
    factor: h('div', {}, quick, field(s.factor, factor)),
    pixels: h('div', {}, field(s.side, side), field(s.pixels, pixels)),
    print: h('div', {}, field(`${s.width}, ${s.centimetres}`, wide), field(`${s.height}, ${s.centimetres}`, high), field(s.dpi, dpi), sheet),
  };
  const becomes = h('p.quiet', { 'data-test': 'becomes' });
  const set = (sizes: Settings) => state.set({ ...Object.fromEntries(kSizes.map((n) => [n, null])), ...sizes });
  const apply = () => {
    if (kind.value === 'factor') set({ scale: factor.value || '4' });
    if (kind.value === 'pixels' && pixels.value) set({ [side.value]: pixels.value });
    if (kind.value === 'print' && wide.value && high.value) set({ print: `${wide.value}x${high.value}cm`, dpi: dpi.value || '300' });
    read();
  };
  kind.addEventListener('change', () => {
    const plan = state.plan;
    if (kind.value === 'pixels') pixels.value ||= String(plan ? Math.max(plan.outputWidth, plan.outputHeight) : 4000);
    if (kind.value === 'print') { wide.value ||= '30'; high.value ||= '20'; dpi.value ||= '300'; }
    apply();
  });
  for (const one of [factor, side, pixels, wide, high, dpi]) one.addEventListener('change', apply);
  const read = () => {
    const own = state.lasting.settings;
    const bySide = Object.keys(s.sides).find((name) => own[name]);
    kind.value = own.print ? 'print' : bySide ? 'pixels' : 'factor';
    for (const [name, part] of Object.entries(parts)) part.hidden = name !== kind.value;
    put(factor, own.scale ?? '4');
    if (bySide) { side.value = bySide; put(pixels, own[bySide]!); }
    const print = /^([\d.]+)x([\d.]+)cm$/.exec(own.print ?? '');
    if (print) { put(wide, print[1]!); put(high, print[2]!); put(dpi, own.dpi ?? '300'); }
    quick.querySelectorAll('button').forEach((b) => b.setAttribute('aria-pressed', String(b.value === (own.scale ?? '4'))));
    const plan = state.plan;
    becomes.textContent = plan ? s.becomes(plan.outputWidth, plan.outputHeight) : '';
    if (print && plan) {
      // The paper 120 units wide at most, and the picture on it as it will lie.
      const w = parseFloat(print[1]!), hgt = parseFloat(print[2]!), unit = 120 / Math.max(w, hgt);
      const inch = (pixels: number) => (pixels / (parseFloat(own.dpi ?? '300'))) * 2.54 * unit;
      sheet.style.width = `${w * unit}px`;
      sheet.style.height = `${hgt * unit}px`;
      inner.style.width = `${Math.min(w * unit, inch(plan.outputWidth))}px`;
      inner.style.height = `${Math.min(hgt * unit, inch(plan.outputHeight))}px`;
    }
  };
  return { element: h('fieldset', {}, h('legend', {}, s.size), field(s.size, kind), ...Object.values(parts), becomes), read };
}

function presets(): Control {
  const list = h('select', { 'data-test': 'preset', ariaLabel: s.presets });
  const name = h('input', { type: 'text', maxLength: 60, placeholder: s.presetName, ariaLabel: s.presetName, 'data-test': 'preset-name' });
  let all: Record<string, Settings> = {};
  const load = async () => {
    all = await api.presets().catch(() => all);
    list.replaceChildren(h('option', { value: '' }, s.presetChoose), ...Object.keys(all).map((n) => h('option', { value: n }, n)));
  };
  list.addEventListener('change', () => { if (all[list.value]) { name.value = list.value; state.replaceSettings(all[list.value]!); } });
  const save = h('button.small', { type: 'button', 'data-test': 'preset-save', on: { click: async () => {
    if (!name.value.trim()) { name.focus(); return; }
    await attempt(() => api.savePreset(name.value.trim(), state.lasting.settings));
    await load();
    list.value = name.value.trim();
  } } }, s.presetSave);
  const remove = h('button.small', { type: 'button', on: { click: async () => { if (list.value) { await attempt(() => api.removePreset(list.value)); await load(); } } } }, s.presetDelete);
  void load();
  return { element: h('fieldset', {}, h('legend', {}, s.presets), list, name, h('div.group', {}, save, remove), h('p.quiet', {}, s.presetWatch)), read: () => {} };
}

function advanced(options: Option[]): Control {
  const known = new Set(options.map((o) => o.name));
  const controls: Control[] = [];
  const add = (name: string, control: Control, ...more: HTMLElement[]) => {
    if (!known.has(name)) return;
    controls.push({ element: field(s.controls[name] ?? name, control.element, ...more), read: control.read });
  };
  for (const name of ['noise', 'blur', 'compression']) add(name, number(name, 0, 100, 1));
  const whole = h('button.small', { type: 'button', ariaLabel: s.turnOff(s.controls.prescale!), 'data-test': 'prescale-off', on: { click: () => state.set({ prescale: 'off' }) } }, s.choices.off!);
  add('prescale', number('prescale', 1, 100, 1, (t) => (t === 'off' ? s.choices.off! : `${parseFloat(t)} %`), whole));
  const help = h('p.quiet', { hidden: true, id: 'passes-help' }, s.passesText);
  const more = h('button.small', { type: 'button', ariaLabel: s.passesHelp, 'aria-expanded': 'false', 'aria-controls': 'passes-help', on: { click: () => { help.hidden = !help.hidden; more.setAttribute('aria-expanded', String(!help.hidden)); } } }, '!');
  add('passes', number('passes', 1, 6, 1), more, help);
  add('consistency', number('consistency', 0, 1, 0.05));
  for (const name of ['creativity', 'faces', 'grain', 'blend']) add(name, number(name, 0, 100, 1));
  const auto: [string, string] = ['', s.choices.auto!];
  add('reduced-by', choice('reduced-by', [auto, ...kKernels.map((k): [string, string] => [k, k])]));
  add('protect-text', choice('protect-text', [['', s.choices.on!], ['off', s.choices.off!]]));
  add('tta', choice('tta', [['', s.choices.off!], ['on', s.choices.on!]]));
  add('depth', choice('depth', [['', s.asPicture], ['8', '8'], ['16', '16']]));
  add('quality', number('quality', 1, 100, 1));
  add('lossless', choice('lossless', [['', s.choices.off!], ['on', s.choices.on!]]));
  add('keep-metadata', choice('keep-metadata', [['', s.choices.all!], ['none', s.choices.none!]]));
  const map = h('input', { type: 'checkbox', 'data-test': 'trust-map', on: { change: () => { state.lasting.trustMap = map.checked; state.tell('shown'); } } });
  controls.push({ element: h('label.check', {}, map, s.controls.trustMap!), read: () => { map.checked = state.lasting.trustMap; } });
  const element = h('div.advanced', { 'data-test': 'advanced' }, ...controls.map((c) => c.element));
  return { element, read: () => { element.hidden = !state.lasting.advanced; controls.forEach((c) => c.read()); } };
}

export function settingsPanel(models: Model[], options: Option[], start: () => void): HTMLElement {
  const rank = (m: Model) => (m.interpolation ? 2 : m.ours ? 0 : 1);
  const ordered = [...models].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
  const model = choice('model', [['', s.automatic], ...ordered.map((m): [string, string] => [m.name, m.name])]);
  const format = choice('format', [['', s.asPicture], ...kFormats.map((f): [string, string] => [f, f])]);
  const toggle = h('button.switch', {
    type: 'button', role: 'switch', 'data-test': 'advanced-switch',
    on: { click: () => { state.lasting.advanced = !state.lasting.advanced; state.tell('settings'); } },
  }, h('span.knob', {}), s.advanced);
  const go = h('button.primary', { type: 'button', 'data-test': 'start', on: { click: start } }, s.start);
  const why = h('ul.why', { 'data-test': 'why' });
  const controls = [size(), model, format, advanced(options), presets()];
  const [sizes, , , more, saved] = controls as [Control, Control, Control, Control, Control];
  const read = () => {
    controls.forEach((c) => c.read());
    toggle.setAttribute('aria-checked', String(state.lasting.advanced));
    saved.element.hidden = !state.lasting.advanced;
    why.replaceChildren(...(state.plan?.explanation ?? []).map((line) => h('li', {}, line)));
    const picture = state.picture();
    go.disabled = !picture || picture.state === 'broken';
  };
  state.on(['settings', 'plan', 'chosen', 'pictures'], read);
  read();
  return h('section.settings', { ariaLabel: s.settings }, h('h2', {}, s.settings),
    sizes.element, field(s.model, model.element), field(s.format, format.element), go,
    h('details', { open: true }, h('summary', {}, s.why), why), toggle, more.element, saved.element);
}
