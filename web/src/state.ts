// What the page knows, and who is told when it changes.
import { api, type Job, type Picture, type Plan, type Settings } from './api';

export type Mode = 'split' | 'lens' | 'side' | 'result';
type Topic = 'pictures' | 'jobs' | 'chosen' | 'settings' | 'plan' | 'connection' | 'complaint' | 'shown';

interface Lasting { chosen: string; settings: Settings; trustMap: boolean; advanced: boolean; mode: Mode; smooth: boolean }

/** The settings that say how large the result becomes. */
export const kSizes = ['scale', 'size', 'fit', 'width', 'height', 'short-side', 'long-side', 'print', 'dpi'];

const kKey = 'acuity';
const before: Partial<Lasting> = JSON.parse(localStorage.getItem(kKey) ?? '{}');

const listeners = new EventTarget();

export const state = {
  pictures: [] as Picture[],
  jobs: [] as Job[],
  plan: null as Plan | null,
  connected: true,
  /** What was refused last, in words. */
  complaint: '',
  /** The job whose result is looked at, or '' for the latest with these settings. */
  shownJob: '',
  lasting: { chosen: '', settings: {}, trustMap: false, advanced: false, mode: 'split', smooth: true, ...before } as Lasting,

  on(topics: Topic[], listener: () => void) {
    for (const topic of topics) listeners.addEventListener(topic, listener);
  },
  tell(topic: Topic) {
    localStorage.setItem(kKey, JSON.stringify(this.lasting));
    listeners.dispatchEvent(new Event(topic));
  },

  picture(): Picture | undefined { return this.pictures.find((p) => p.id === this.lasting.chosen); },
  choose(id: string) {
    if (this.lasting.chosen === id) return;
    this.lasting.chosen = id;
    this.plan = null;
    this.shownJob = '';
    this.tell('chosen');
  },
  set(changes: Record<string, string | null>) {
    for (const [name, value] of Object.entries(changes))
      if (value === null) delete this.lasting.settings[name];
      else this.lasting.settings[name] = value;
    this.shownJob = '';
    this.tell('settings');
  },
  replaceSettings(settings: Settings) {
    this.lasting.settings = { ...settings };
    this.shownJob = '';
    this.tell('settings');
  },

  /** The finished job to look at: the one asked for, or one with just these settings. */
  result(): Job | undefined {
    const same = JSON.stringify(sorted(this.lasting.settings));
    const done = this.jobs.filter((j) => j.state === 'done' && j.picture === this.lasting.chosen);
    return done.find((j) => j.id === this.shownJob) ?? done.find((j) => JSON.stringify(sorted(j.settings)) === same);
  },
};

/** In one order, without what says no more than nothing would. */
function sorted(settings: Settings): [string, string][] {
  return Object.entries(settings).filter(([name, value]) => value !== (name === 'scale' ? '4' : 'auto')).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Does what the server may refuse, and says so where everybody sees it. */
export async function attempt<T>(act: () => Promise<T>): Promise<T | undefined> {
  const [answer, complaint] = await act().then((a) => [a, ''] as const, (error: Error) => [undefined, error.message] as const);
  state.complaint = complaint;
  state.tell('complaint');
  return answer;
}

export async function refresh() {
  [state.pictures, state.jobs] = await Promise.all([api.pictures(), api.jobs()]);
  if (!state.picture()) {
    state.lasting.chosen = state.pictures[0]?.id ?? '';
    state.plan = null;
    state.tell('chosen');
  }
  state.tell('pictures');
  state.tell('jobs');
}

let lost = 0;  // the timer of a silence, whichever stream it began with

async function refreshAtLast(): Promise<void> {
  await refresh().catch(() => window.setTimeout(refreshAtLast, 2000));
}

/** Follows the server's events; the browser comes back by itself, also after the server was away. */
export function follow() {
  const events = new EventSource('/api/events');
  let opened = false;
  events.onopen = () => {
    clearTimeout(lost);
    lost = 0;
    // It tells nothing of what happened before it was first opened.
    if (!state.connected || !opened) void refreshAtLast();
    opened = true;
    if (state.connected) return;
    state.connected = true;
    state.tell('connection');
  };
  events.onerror = () => {
    // It closes every half minute; only a longer silence is worth a word.
    lost ||= window.setTimeout(() => {
      state.connected = false;
      state.tell('connection');
    }, 4000);
    // Refused for good (a status instead of a stream): the browser gives up, we do not.
    if (events.readyState === EventSource.CLOSED) {
      window.setTimeout(follow, 2000);
    }
  };
  events.addEventListener('reset', () => void refreshAtLast());
  events.addEventListener('job', (event) => {
    put(state.jobs, JSON.parse(event.data));
    state.tell('jobs');
  });
  events.addEventListener('picture', (event) => {
    put(state.pictures, JSON.parse(event.data));
    state.tell('pictures');
  });
  events.addEventListener('gone', (event) => {
    const { id } = JSON.parse(event.data);
    state.jobs = state.jobs.filter((j) => j.id !== id);
    state.pictures = state.pictures.filter((p) => p.id !== id);
    if (state.lasting.chosen === id) state.choose(state.pictures[0]?.id ?? '');
    state.tell('pictures');
    state.tell('jobs');
  });
}

export function put<T extends { id: string }>(list: T[], one: T) {
  const at = list.findIndex((other) => other.id === one.id);
  if (at < 0) list.unshift(one);
  else list[at] = one;
}
