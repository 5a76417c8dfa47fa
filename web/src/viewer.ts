// The large view: original and result over each other with a split or a lens, or side by side.
import { h, debounced } from './dom';
import { Pane, tie, type Window } from './pane';
import { Preview } from './preview';
import { kSizes, state, type Mode } from './state';
import { strings as s } from './strings';
import { api } from './api';

export function viewer(onCompare: (region: ReturnType<Pane['region']>) => void): HTMLElement {
  const main = h('div.pane', { 'data-test': 'pane' }), side = h('div.pane', { hidden: true });
  const handle = h('div.split', {
    role: 'slider', tabIndex: 0, 'aria-label': s.splitLabel, 'aria-valuemin': 0, 'aria-valuemax': 100, 'data-test': 'split-slider',
  }, h('span.grip', {}));
  const tagLeft = h('span.tag.left', {}, s.original), tagRight = h('span.tag.right', {}, s.result);
  // Over the picture: a line in the toolbar could wrap it, and a stage of another height asks for a preview.
  const status = h('span.tag.status', { role: 'status', 'data-test': 'preview-status' });
  const stage = h('div.stage', { 'data-test': 'stage' }, main, side, handle, tagLeft, tagRight, status);
  const empty = h('div.empty', {}, h('p.large', {}, s.empty), h('p', {}, s.emptyHint));

  const button = (label: string, act: () => void, properties: object = {}) =>
    h('button', { type: 'button', on: { click: act }, ...properties }, label);
  const modes = (['split', 'lens', 'side', 'result'] as Mode[]).map((mode, i) =>
    button(s.modes[mode], () => setMode(mode), { 'data-test': `mode-${mode}`, 'aria-keyshortcuts': String(i + 1), value: mode }));
  const smooth = h('input', { type: 'checkbox', checked: state.lasting.smooth, on: { change: () => { state.lasting.smooth = smooth.checked; state.tell('shown'); } } });
  const trust = h('input', { type: 'checkbox', 'data-test': 'trust', on: { change: () => arrange() } });
  const trustLabel = h('label.check', { hidden: true }, trust, s.trust), trustMean = h('span.quiet', {});
  const bar = h('div.toolbar', { role: 'toolbar', 'aria-label': s.view },
    h('div.group', {}, ...modes),
    h('div.group', {},
      button('−', () => pane.zoomBy(1 / 1.5), { ariaLabel: s.zoomOut }), button(s.oneToOne, () => pane.oneToOne(), { ariaLabel: s.oneToOneLabel, 'data-test': 'one-to-one' }),
      button(s.fit, () => pane.fit(), { 'data-test': 'fit' }), button('+', () => pane.zoomBy(1.5), { ariaLabel: s.zoomIn })),
    h('label.check', {}, smooth, s.smooth), trustLabel, trustMean,
    button(s.compare, () => onCompare(pane.region()), { 'data-test': 'compare' }));

  const root = h('section.viewer', { ariaLabel: s.viewer }, h('h2.hidden', {}, s.viewer), bar, stage, empty);
  const pane = new Pane(main), beside = new Pane(side, true);
  tie([pane, beside]);

  let split = 0.5, pointer = { x: 0.5, y: 0.5 };
  const place = () => {
    const mode = state.lasting.mode;
    let window: Window = null;
    if (mode === 'split') window = { left: split, top: 0, right: 1, bottom: 1 };
    if (mode === 'lens') {
      const box = stage.getBoundingClientRect(), radius = 130;
      window = { left: pointer.x - radius / box.width, right: pointer.x + radius / box.width, top: pointer.y - radius / box.height, bottom: pointer.y + radius / box.height };
    }
    pane.setWindow(window);
    handle.style.left = `${split * 100}%`;
    handle.setAttribute('aria-valuenow', String(Math.round(split * 100)));
  };
  const setSplit = (share: number) => { split = Math.min(1, Math.max(0, share)); place(); };
  const setMode = (mode: Mode) => { state.lasting.mode = mode; state.tell('shown'); };

  handle.addEventListener('pointerdown', (event) => {
    handle.setPointerCapture(event.pointerId);
    event.preventDefault();
    handle.focus();
  });
  handle.addEventListener('pointermove', (event) => {
    if (!handle.hasPointerCapture(event.pointerId)) return;
    const box = stage.getBoundingClientRect();
    setSplit((event.clientX - box.left) / box.width);
  });
  handle.addEventListener('keydown', (event) => {
    const step: Record<string, number> = { ArrowLeft: -0.02, ArrowRight: 0.02, PageDown: -0.1, PageUp: 0.1, Home: -1, End: 1 };
    if (!(event.key in step)) return;
    setSplit(split + step[event.key]!);
    event.preventDefault();
    event.stopPropagation();
  });
  stage.addEventListener('pointermove', (event) => {
    if (state.lasting.mode !== 'lens') return;
    const box = stage.getBoundingClientRect();
    pointer = { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
    place();
  });

  // What is seen: the finished result where there is one, else previews of what is in view.
  const preview = new Preview(pane, (kind, seconds, words) => {
    document.body.dataset.preview = kind === 'far' || kind === 'failed' ? 'none' : kind;
    document.body.dataset.previewCount = String(preview.drawn);
    // The result with other settings was kept until now, so that nothing flickers.
    if (kind !== 'waiting' && !state.result()) pane.setTiles('result', null);
    status.textContent = { none: state.result() ? s.previewNone : '', waiting: s.previewWaiting, shown: s.previewIn(seconds), far: s.previewZoom, failed: words }[kind];
  });
  // Regions are in pixels of the planned size: until it is known none is asked for.
  const wish = () => JSON.stringify([state.lasting.chosen, kSizes.map((name) => state.lasting.settings[name])]);
  let planned = '';
  const ask = debounced(150, () => {
    const picture = state.picture();
    if (picture && state.plan && planned === wish() && !state.result()) void preview.update(picture.id, state.lasting.settings);
  });
  pane.onView(ask);

  let subject = '';
  const arrange = () => {
    const picture = state.picture(), result = state.result(), mode = state.lasting.mode;
    root.classList.toggle('bare', !picture);
    modes.forEach((b) => b.setAttribute('aria-pressed', String(b.value === mode)));
    // Side by side the original is on the left: the layers of the main pane go to the right.
    stage.classList.toggle('twice', mode === 'side');
    side.hidden = mode !== 'side';
    handle.hidden = mode !== 'split';
    tagLeft.hidden = mode === 'result' || mode === 'lens';
    tagRight.textContent = result ? s.result : s.preview;
    if (!picture || picture.state === 'broken') { pane.clear(); beside.clear(); preview.clear(); subject = ''; return; }
    const output = result?.result ?? (state.plan ? { width: state.plan.outputWidth, height: state.plan.outputHeight } : null);
    if (!output) return;
    pane.show(picture, output);
    if (mode === 'side') beside.show(picture, output);
    pane.setSmooth(state.lasting.smooth);
    beside.setSmooth(state.lasting.smooth);
    trustLabel.hidden = !result?.trustMap;
    trustMean.textContent = result?.trustMap && trust.checked ? s.trustMean(result.result!.trustMean ?? 0) : '';
    pane.setTiles('trust', result?.trustMap && trust.checked ? result.id : null, output);
    // Jobs tell of their progress many times a second: only what changes the preview may ask for it.
    const now = JSON.stringify([picture.id, result?.id ?? state.lasting.settings, output, planned]);
    if (now !== subject) {
      subject = now;
      if (result) {
        preview.stop();
        pane.setTiles('result', result.id, output, () => { if (state.result()) preview.clear(); });
      } else {
        if (planned !== wish()) preview.wait();
        ask();
      }
    }
    place();
  };
  state.on(['chosen', 'settings', 'plan', 'jobs', 'pictures', 'shown'], arrange);

  const plan = debounced(50, async () => {
    const picture = state.picture();
    if (!picture || picture.state === 'broken') return;
    const { settings } = state.lasting, asked = JSON.stringify([picture.id, settings]);
    const current = () => asked === JSON.stringify([state.lasting.chosen, state.lasting.settings]);
    try {
      const found = await api.plan(picture.id, settings);
      if (!current()) return;
      state.plan = found;
      planned = wish();
      state.tell('plan');
    } catch (error) {
      if (current()) preview.fail((error as Error).message);
    }
  });
  state.on(['chosen', 'settings'], plan);
  state.on(['connection'], () => { if (!state.plan) plan(); });

  document.addEventListener('keydown', (event) => {
    const target = event.target as HTMLElement;
    if (/INPUT|SELECT|TEXTAREA/.test(target.tagName) || target.closest('dialog') || event.ctrlKey || event.metaKey || event.altKey) return;
    const acts: Record<string, () => void> = {
      '1': () => setMode('split'), '2': () => setMode('lens'), '3': () => setMode('side'), '4': () => setMode('result'),
    };
    acts[event.key]?.();
    if (event.key in acts || pane.key(event.key)) event.preventDefault();
  });
  arrange();
  if (state.lasting.chosen) plan();
  regionInView = () => pane.region();
  return root;
}

/** The part of the result that is looked at. */
export let regionInView: () => ReturnType<Pane['region']> = () => null;
