// The server's answers, typed (docs/openapi.yaml).
import { strings } from './strings';

export type Settings = Record<string, string>;

export interface Picture {
  id: string; name: string; bytes: number; format: string; width: number; height: number;
  state: 'measuring' | 'ready' | 'broken'; words?: string; sentences?: string[];
}

export interface Plan {
  outputWidth: number; outputHeight: number; factor: number; dpi: number; explanation: string[];
  automatic: Settings; format: string;
}

export interface Job {
  id: string; picture: string; name: string; output: string;
  state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
  settings: Settings; trustMap: boolean; progress: number; megapixelsPerSecond: number;
  secondsLeft: number | null; message: string; created: number; expires: number | null;
  result: { width: number; height: number; bytes: number; format: string; seconds: number;
    notes: string[]; explanation: string[]; trustMean: number | null } | null;
}

export interface Model { name: string; scale: number; ours: boolean; own: boolean; interpolation: boolean }
export interface Option { name: string; value: string; group: string; help: string }
export interface Variant { label: string; settings: Settings }
export interface Region { left: number; top: number; width: number; height: number }

/** What the server said was wrong, in a sentence. */
export class ApiError extends Error {
  constructor(readonly status: number, sentence: string) { super(sentence); }
}

async function sentence(response: Response): Promise<ApiError> {
  if (response.status === 401) return new ApiError(401, strings.token);
  const body = await response.json().catch(() => ({}));
  return new ApiError(response.status, body.error ?? strings.failed);
}

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(path, init).catch((error) => {
    if (error.name === 'AbortError') throw error;
    throw new ApiError(0, strings.lost);
  });
  if (!response.ok) throw await sentence(response);
  return response;
}

const withBody = (method: string, body: unknown): RequestInit =>
  ({ method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });

const get = async <T>(path: string): Promise<T> => (await ask(path)).json();
const post = async <T>(path: string, body: unknown = {}): Promise<T> => (await ask(path, withBody('POST', body))).json();

export const api = {
  pictures: () => get<Picture[]>('/api/pictures'),
  jobs: () => get<Job[]>('/api/jobs'),
  models: () => get<Model[]>('/api/models'),
  options: () => get<Option[]>('/api/options'),
  variants: () => get<Variant[]>('/api/variants'),
  presets: () => get<Record<string, Settings>>('/api/presets'),
  plan: (id: string, settings: Settings) => post<Plan>(`/api/pictures/${id}/plan`, { settings }),
  queue: (picture: string, settings: Settings, trustMap: boolean) => post<Job>('/api/jobs', { picture, settings, trustMap }),
  act: (id: string, action: 'cancel' | 'retry' | 'first') => post<Job>(`/api/jobs/${id}/${action}`),
  removePicture: (id: string) => ask(`/api/pictures/${id}`, { method: 'DELETE' }),
  removeJob: (id: string) => ask(`/api/jobs/${id}`, { method: 'DELETE' }),
  savePreset: (name: string, settings: Settings) => ask(`/api/presets/${encodeURIComponent(name)}`, withBody('PUT', settings)),
  removePreset: (name: string) => ask(`/api/presets/${encodeURIComponent(name)}`, { method: 'DELETE' }),

  async preview(id: string, settings: Settings, region: Region, view: string, signal: AbortSignal) {
    const response = await ask(`/api/pictures/${id}/preview`, { ...withBody('POST', { settings, ...region, view }), signal });
    return { image: await response.blob(), seconds: Number(response.headers.get('X-Acuity-Seconds')) };
  },

  /** `sent` gets the share that has gone out. */
  upload(file: File, sent: (share: number) => void): Promise<Picture> {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open('POST', `/api/pictures?name=${encodeURIComponent(file.name)}`);
      request.setRequestHeader('Content-Type', 'application/octet-stream');
      request.upload.onprogress = (event) => sent(event.loaded / event.total);
      request.onerror = () => reject(new ApiError(0, strings.lost));
      request.onload = () => {
        const body = JSON.parse(request.responseText || '{}');
        if (request.status === 201) resolve(body);
        else reject(new ApiError(request.status, body.error ?? strings.failed));
      };
      request.send(file);
    });
  },

  tile: (of: 'pictures' | 'jobs', id: string, kind: 'tiles' | 'trust') =>
    (level: number, x: number, y: number) => `/api/${of}/${id}/${kind}/${level}/${x}_${y}`,
  file: (job: Job, format: string) => `/api/jobs/${job.id}/file${format === job.result?.format ? '' : `?format=${format}`}`,
  share: (job: Job, r: Region) => `/api/jobs/${job.id}/share?left=${r.left}&top=${r.top}&width=${r.width}&height=${r.height}`,
};
