// The large view: original and result over each other with a split or a lens, or side by side.
import { h, debounced } from './dom';
import { Pane, tie, type Window } from './pane';
import { Preview } from './preview';
import { state, type Mode } from './state';
import { strings } from './strings';
import { api } from './api';

export function viewer(onCompare: (region: ReturnType<Pane['region']>) => void): HTMLElement {
  const s = strings;
  const main = h('div.pane', { 'data-test': 'pane' }), side = h('div.pane', { hidden: true });
  const handle = h('div.split', {
    role: 'slider', tabIndex: 0, 'aria-label': s.splitLabel, 'aria-valuemin': 0, 'aria-valuemax': 100, 'data-test': 'split-slider',
  }, h('span.grip', {}));
  const tagLeft = h('span.tag.left', {}, s.original), tagRight = h('span.tag.right', {}, s.result);
  const stage = h('div.stage', { 'data-test': 'stage' }, main, side, handle, tagLeft, tagRight);
  const status = h('span.status', { role: 'status', 'data-test': 'preview-status' });
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
    button(s.compare, () => onCompare(pane.region()), { 'data-test': 'compare' }), status);

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
    if (kind === 'shown') document.body.dataset.previewCount = String(Number(document.body.dataset.previewCount ?? 0) + 1);
    status.textContent = { none: '', waiting: s.previewWaiting, shown: s.previewIn(seconds), far: s.previewZoom, failed: words }[kind];
  });
  const ask = debounced(150, () => {
    const picture = state.picture();
    if (picture && state.plan && !state.result()) void preview.update(picture.id, state.lasting.settings);
  });
  pane.onView(ask);

  const arrange = () => {
    const picture = state.picture(), result = state.result(), mode = state.lasting.mode;
    root.classList.toggle('bare', !picture);
    modes.forEach((b) => b.setAttribute('aria-pressed', String(b.value === mode)));
    side.hidden = mode !== 'side';
    handle.hidden = mode !== 'split';
    tagLeft.hidden = mode === 'result' || mode === 'lens';
    tagRight.textContent = result ? s.result : s.preview;
    if (!picture || picture.state === 'broken') { pane.clear(); beside.clear(); preview.clear(); return; }
    const output = result?.result ?? (state.plan ? { width: state.plan.outputWidth, height: state.plan.outputHeight } : null);
    if (!output) return;
    pane.show(picture, output);
    if (mode === 'side') beside.show(picture, output);
    pane.setSmooth(state.lasting.smooth);
    beside.setSmooth(state.lasting.smooth);
    pane.setTiles('result', result?.id ?? null, output);
    trustLabel.hidden = !result?.trustMap;
    trustMean.textContent = result?.trustMap && trust.checked ? s.trustMean(result.result!.trustMean ?? 0) : '';
    pane.setTiles('trust', result?.trustMap && trust.checked ? result.id : null, output);
    if (result) {
      preview.clear();
      status.textContent = s.previewNone;
    } else {
      ask();
    }
    place();
  };
  // In "side by side" the original is on the left: the layers of the main pane go to the right.
  const order = () => stage.classList.toggle('twice', state.lasting.mode === 'side');
  state.on(['chosen', 'settings', 'plan', 'jobs', 'pictures', 'shown'], () => { order(); arrange(); });

  const plan = debounced(120, async () => {
    const picture = state.picture();
    if (!picture || picture.state === 'broken') return;
    const asked = JSON.stringify([picture.id, state.lasting.settings]);
    try {
      const found = await api.plan(picture.id, state.lasting.settings);
      if (asked !== JSON.stringify([state.lasting.chosen, state.lasting.settings])) return;
      state.plan = found;
      state.tell('plan');
    } catch (error) {
      status.textContent = (error as Error).message;
    }
  });
  state.on(['chosen', 'settings'], plan);
  state.on(['connection'], () => { if (!state.plan) plan(); });

  document.addEventListener('keydown', (event) => {
    const target = event.target as HTMLElement;
    if (/INPUT|SELECT|TEXTAREA/.test(target.tagName) || target.closest('dialog') || event.ctrlKey || event.metaKey || event.altKey) return;
    const acts: Record<string, () => void> = {
      '1': () => setMode('split'), '2': () => setMode('lens'), '3': () => setMode('side'), '4': () => setMode('result'),
      '+': () => pane.zoomBy(1.5), '-': () => pane.zoomBy(1 / 1.5), '0': () => pane.oneToOne(), f: () => pane.fit(),
      ArrowLeft: () => pane.panBy(-0.1, 0), ArrowRight: () => pane.panBy(0.1, 0), ArrowUp: () => pane.panBy(0, -0.1), ArrowDown: () => pane.panBy(0, 0.1),
    };
    const act = acts[event.key];
    if (!act) return;
    act();
    event.preventDefault();
  });
  order();
  arrange();
  if (state.lasting.chosen) plan();
  regionInView = () => pane.region();
  return root;
}

/** The part of the result that is looked at. */
export let regionInView: () => ReturnType<Pane['region']> = () => null;
