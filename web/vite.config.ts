// Builds the page into dist/: three files with lasting names, which the server's build embeds.
import { readFileSync } from 'node:fs';
import { defineConfig } from 'vite';

/** The licence of the library that is built in travels with it. */
const licences = {
  name: 'licences',
  generateBundle(this: { emitFile(file: object): void }) {
    const text = readFileSync('node_modules/openseadragon/LICENSE.txt', 'utf8');
    this.emitFile({ type: 'asset', fileName: 'licences.txt', source: `OpenSeadragon\n\n${text}` });
  },
};

export default defineConfig({
  plugins: [licences],
  build: {
    target: 'es2022',
    modulePreload: false,
    assetsInlineLimit: 0,
    rollupOptions: {
      output: { entryFileNames: 'app.js', assetFileNames: '[name][extname]' },
    },
  },
});
