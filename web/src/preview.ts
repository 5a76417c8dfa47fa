// Asks for the part in view with the settings of the moment, and shows it in its pane.
import { api, ApiError, type Settings } from './api';
import type { Pane } from './pane';

const kMostPixels = 4e6;

export type PreviewState = 'none' | 'waiting' | 'shown' | 'far' | 'failed';
interface Shown { subject: string; wanted: string; seconds: number }

export class Preview {
  /** How many were drawn. */
  drawn = 0;
  private readonly view = Math.random().toString(36).slice(2);
  private running: AbortController | null = null;
  private asked = '';
  private shown: Shown | null = null;

  constructor(private readonly pane: Pane, private readonly told: (state: PreviewState, seconds: number, words: string) => void) {}

  /** Asks for nothing more; what is shown stays. */
  stop() {
    this.abort();
    this.told('none', 0, '');
  }

  /** Asks for nothing more until the plan is there. */
  wait() {
    this.abort();
    this.told('waiting', 0, '');
  }

  fail(words: string) {
    this.abort();
    this.told('failed', 0, words);
  }

  /** Forgets what is shown, too. */
  clear() {
    this.drop();
    this.stop();
  }

  async update(picture: string, settings: Settings) {
    const region = this.pane.region();
    if (!region) return;
    const subject = JSON.stringify([picture, settings]), wanted = subject + JSON.stringify(region);
    if (this.running && wanted === this.asked) return;
    this.abort();
    if (wanted === this.shown?.wanted && this.pane.previewed) return this.told('shown', this.shown.seconds, '');
    if (region.width * region.height > kMostPixels) return this.without(subject, 'far', '');
    const running = this.running = new AbortController();
    this.asked = wanted;
    this.told('waiting', 0, '');
    try {
      const { image, seconds } = await api.preview(picture, settings, region, this.view, running.signal);
      if (this.running !== running) return;
      // Whatever comes now, the pane holds this one.
      this.shown = { subject, wanted, seconds };
      await this.pane.setPreview(image, region);
      if (this.running !== running) return;
      this.running = null;
      this.drawn++;
      this.told('shown', seconds, '');
    } catch (error) {
      if (this.running !== running) return;
      this.running = null;
      const replaced = error instanceof ApiError && error.status === 409;
      if (!replaced) this.without(subject, 'failed', (error as Error).message);
    }
  }

  /** There is no preview of this; an older one stays only where its settings are these. */
  private without(subject: string, state: PreviewState, words: string) {
    if (this.shown?.subject !== subject) this.drop();
    this.told(state, 0, words);
  }

  private abort() {
    this.running?.abort();
    this.running = null;
  }

  private drop() {
    this.shown = null;
    void this.pane.setPreview(null);
  }
}
