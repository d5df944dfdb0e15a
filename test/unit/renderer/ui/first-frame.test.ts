import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FIRST_FRAME_STYLE, withFirstFrame } from '../../../../renderer/ui/first-frame.ts'
import { cssVariables, theme } from '../../../../renderer/ui/theme.ts'

const root = join(import.meta.dirname, '../../../..')
const BUILT = `<!doctype html><html><head>
    <link rel="icon" href="./countersign.svg" />
    <title>Countersign</title>
    <script type="module" crossorigin src="./assets/index-$1.js"></script>
    <link rel="modulepreload" crossorigin href="./assets/react.js">
    <link rel="stylesheet" crossorigin href="./assets/a.css">
    <link rel="stylesheet" crossorigin href="./assets/b.css">
  </head>
  <body><div id="root">Countersign</div></body></html>`

describe('when a built page is given its first frame', () => {
  const page = withFirstFrame(BUILT)
  const head = page.slice(0, page.indexOf('</head>'))

  it('has nothing in its head that would hold back a paint, and the style itself there', () => {
    expect(head).not.toMatch(/stylesheet|modulepreload|<script/)
    expect(head).toContain(`<style>${FIRST_FRAME_STYLE}</style>`)
    expect(head).toContain('<link rel="icon"')
  })

  it('names after the content every sheet in its order, then every module, each once', () => {
    const late = ['id="root"', 'a.css', 'b.css', 'index-$1.js', 'react.js', '</body>']
    expect(late.map((part) => page.split(part).length)).toEqual(late.map(() => 2))
    const places = late.map((part) => page.indexOf(part))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
  })
})

describe('when the screen takes over from the first frame', () => {
  it('has the same ground, light and dark', () => {
    const { light, dark } = cssVariables(theme as never)
    expect(FIRST_FRAME_STYLE).toContain(`background:light-dark(${light['--cs-ground']},${dark['--cs-ground']})`)
  })

  it.each(['desk', 'console'])('stands in the page of the %s as it does in the component', (name) => {
    const page = readFileSync(join(root, 'renderer', name, 'index.html'), 'utf8')
      .replace(/>\s+/g, '>')
      .replace(/\s+</g, '<')
    expect(page).toContain(
      '<div class="first-frame"><img src="./countersign.svg" alt="" width="32" height="32" />Countersign</div>',
    )
    const component = readFileSync(join(root, 'renderer/ui/FirstFrame.tsx'), 'utf8')
      .replace(/>\s+/g, '>')
      .replace(/\s+</g, '<')
    expect(component).toContain(
      `<div className="first-frame"><img src={logo} alt="" width={32} height={32} />{t('product')}</div>`,
    )
    for (const language of ['en', 'it']) {
      const texts = readFileSync(join(root, 'renderer/text', language, 'common.json'), 'utf8')
      expect(JSON.parse(texts)).toMatchObject({ product: 'Countersign' })
    }
  })
})
