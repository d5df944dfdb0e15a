import type { Plugin, UserConfig } from 'vite'
import { browserCrypto, pathBeside } from './stand-ins.ts'

/** The thread that checks files has no node:crypto. */
export const checksFiles: NonNullable<UserConfig['worker']> = { format: 'es', plugins: () => [browserCrypto()] }

/** Everything a page needs in the page itself, so that it works from a file. */
const inOneFile = (): Plugin => ({
  name: 'countersign:one-file',
  enforce: 'post',
  generateBundle: (_options, bundle) => {
    const page = Object.values(bundle).find((one) => one.type === 'asset' && one.fileName.endsWith('.html'))
    if (page?.type !== 'asset') throw new Error('no page')
    let html = String(page.source)
    for (const [name, one] of Object.entries(bundle)) {
      if (one === page) continue
      const file = name.split('/').at(-1) ?? name
      const tag = new RegExp(`<(script|link)[^>]*${file.replaceAll('.', '\\.')}[^>]*>(?:</script>)?`)
      const source = one.type === 'chunk' ? one.code : String(one.source)
      if (!tag.test(html)) throw new Error(`the page does not name ${name}`)
      html = html.replace(tag, '')
      // Functions: what is put in must not be read as a pattern. What would end the element early is escaped.
      html =
        one.type === 'chunk'
          ? html.replace(
              '</body>',
              () => `<script type="module">${source.replaceAll('</script', '<\\/script')}</script></body>`,
            )
          : html.replace('</head>', () => `<style>${source}</style></head>`)
      delete bundle[name]
    }
    page.source = html
    page.fileName = 'countersign-verify.html'
  },
})

/** The check of files as one page without a network: out/verify/countersign-verify.html. */
export const verifyPageConfig = {
  root: pathBeside('page'),
  base: './',
  publicDir: false,
  plugins: [browserCrypto(), inOneFile()],
  worker: { ...checksFiles, format: 'iife' },
  build: {
    // Whatever browser a court has.
    target: 'es2022',
    cssTarget: 'chrome123',
    minify: true,
    sourcemap: false,
    assetsInlineLimit: 0,
    emptyOutDir: false,
    outDir: pathBeside('../../out/verify'),
    modulePreload: { polyfill: false },
    rolldownOptions: { input: { index: pathBeside('page/index.html') } },
  },
} satisfies UserConfig
