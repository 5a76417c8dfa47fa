// The queue, and what came of it.
import { api, type Job } from './api';
import { h, rowsOf } from './dom';
import { attempt, state } from './state';
import { strings as s } from './strings';
import { regionInView } from './viewer';

const kFormats = ['jpg', 'png', 'webp', 'tiff', 'avif', 'jxl', 'gif'];

function download(url: string) {
  const link = h('a', { href: url, download: '' });
  document.body.append(link);
  link.click();
  link.remove();
}

function buttons(job: Job): HTMLElement[] {
  const button = (label: string, test: string, act: () => void) =>
    h('button.small', { type: 'button', 'data-test': `job-${test}`, ariaLabel: `${label}: ${job.name}`, on: { click: act } }, label);
  const list: HTMLElement[] = [];
  if (job.state === 'queued') list.push(button(s.first, 'first', () => void attempt(() => api.act(job.id, 'first'))));
  if (job.state === 'queued' || job.state === 'running') list.push(button(s.cancel, 'cancel', () => void attempt(() => api.act(job.id, 'cancel'))));
  if (job.state === 'failed' || job.state === 'cancelled') list.push(button(s.retry, 'retry', () => void attempt(() => api.act(job.id, 'retry'))));
  if (job.state === 'done' && job.result) {
    if (state.pictures.some((p) => p.id === job.picture))
      list.push(button(s.open, 'open', () => { state.choose(job.picture); state.replaceSettings(job.settings); state.shownJob = job.id; state.tell('shown'); }));
    const format = h('select', { ariaLabel: s.downloadAs(job.output), 'data-test': 'job-format' },
      ...kFormats.map((f) => h('option', { value: f, selected: f === job.result!.format }, f)));
    list.push(h('span.group', {}, button(s.download, 'download', () => download(api.file(job, format.value))), format));
    list.push(button(s.share, 'share', () => {
      const region = state.result()?.id === job.id ? regionInView() : null;
      download(api.share(job, region ?? { left: 0, top: 0, width: 1600, height: 1600 }));
    }));
  }
  list.push(button(s.remove, 'remove', () => void attempt(() => api.removeJob(job.id))));
  return list;
}

/** A row that stays while its job moves on, so that focus and an open list are not lost. */
class Row {
  readonly element = h('li.job', { 'data-test': 'job-row' });
  private readonly facts = h('span.quiet', {});
  private readonly bar = h('progress', { max: 1 });
  private readonly chip = h('span.chip', { 'data-test': 'job-state' });
  private readonly acts = h('span.acts', {});
  private key = '';

  constructor(job: Job) {
    this.element.append(h('span.name', {}, job.name), this.chip, this.bar, this.facts, this.acts);
    this.bar.setAttribute('aria-label', s.progressOf(job.name));
  }

  show(job: Job) {
    this.element.dataset.state = job.state;
    this.chip.textContent = s.states[job.state] ?? job.state;
    this.bar.hidden = job.state !== 'running';
    this.bar.value = job.progress;
    this.facts.className = job.state === 'failed' ? 'error' : 'quiet';
    this.facts.textContent = job.state === 'running' ? s.speed(job.megapixelsPerSecond, job.secondsLeft)
      : job.state === 'done' && job.result ? [s.finished(job.result), ...job.result.notes, ...(job.expires ? [s.keptUntil(job.expires)] : [])].join('; ') : job.message;
    const key = job.state + state.pictures.some((p) => p.id === job.picture);
    if (key === this.key) return;
    this.key = key;
    this.acts.replaceChildren(...buttons(job));
  }
}

export function jobsPanel(): HTMLElement {
  const list = h('ul', {});
  const hint = h('p.hint', {}, s.queueEmpty);
  const rows = rowsOf(list, (job: Job) => new Row(job));
  const all = h('button', { type: 'button', 'data-test': 'download-all', on: { click: () => download('/api/results.zip') } }, s.downloadAll);
  const each = h('button', {
    type: 'button', 'data-test': 'start-all',
    on: { click: () => void attempt(async () => {
      for (const p of state.pictures) if (p.state !== 'broken') await api.queue(p.id, state.lasting.settings, state.lasting.trustMap);
    }) },
  }, s.startAll);
  const show = () => {
    rows([...state.jobs].sort((a, b) => b.created - a.created));
    hint.hidden = state.jobs.length > 0;
    all.disabled = !state.jobs.some((j) => j.state === 'done');
    each.disabled = state.pictures.length === 0;
  };
  state.on(['jobs', 'pictures'], show);
  show();
  return h('section.jobs', { ariaLabel: s.queue }, h('div.head', {}, h('h2', {}, s.queue), h('div.group', {}, each, all)), hint, list);
}
