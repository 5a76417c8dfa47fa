// Asks for the part in view with the settings of the moment, and shows it in its pane.
import { api, ApiError, type Region, type Settings } from './api';
import type { Pane } from './pane';

const kMostPixels = 4e6;

export type PreviewState = 'none' | 'waiting' | 'shown' | 'far' | 'failed';

export class Preview {
  private readonly view = Math.random().toString(36).slice(2);
  private running: AbortController | null = null;
  private shown = '';

  constructor(private readonly pane: Pane, private readonly told: (state: PreviewState, seconds: number, words: string) => void) {}

  /** Forgets what is shown; nothing is asked for until the next update. */
  clear() {
    this.running?.abort();
    this.running = null;
    this.shown = '';
    void this.pane.setPreview(null);
    this.told('none', 0, '');
  }

  async update(picture: string, settings: Settings) {
    const region: Region | null = this.pane.region();
    if (!region) return;
    if (region.width * region.height > kMostPixels) {
      this.running?.abort();
      this.told('far', 0, '');
      return;
    }
    const wanted = JSON.stringify([picture, settings, region]);
    if (wanted === this.shown) return;
    this.running?.abort();
    const running = this.running = new AbortController();
    this.told('waiting', 0, '');
    try {
      const { image, seconds } = await api.preview(picture, settings, region, this.view, running.signal);
      if (this.running !== running) return;
      await this.pane.setPreview(image, region);
      if (this.running !== running) return;
      this.shown = wanted;
      this.told('shown', seconds, '');
    } catch (error) {
      if (this.running !== running || (error as Error).name === 'AbortError') return;
      const replaced = error instanceof ApiError && error.status === 409;
      if (!replaced) this.told('failed', 0, (error as Error).message);
    }
  }
}
