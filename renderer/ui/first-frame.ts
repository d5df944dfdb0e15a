import type { Plugin } from 'vite'

/**
 * What is painted before any style sheet or script has come: the ground of the screens, light or dark as the system
 * has it, with mark and name. The colours are the theme's (a test holds them equal), so that nothing flashes when the
 * screen takes over.
 */
export const FIRST_FRAME_STYLE = [
  ':root{color-scheme:light dark}',
  // Of the root: the body's own, by the theme's variables, is none until the theme is there.
  'html{background:light-dark(#f5f3f0,#191715)}body{margin:0}',
  '.first-frame{display:flex;align-items:center;justify-content:center;gap:12px;height:100vh;',
  'color:light-dark(#172a48,#dde6f2);font:600 20px/28px system-ui,sans-serif}',
].join('')

const LATE = /\s*<(?:script type="module"[^>]*><\/script>|link rel="(?:modulepreload|stylesheet)"[^>]*>)/g

/**
 * The built page with the first frame's style in its head, and every style sheet and module after the body's content:
 * a style sheet in the head would hold back the first paint, one at the end holds back only what stands behind it. No
 * module runs before the sheets are there (HTML §13.2.7), so nothing is ever shown unstyled.
 */
export const withFirstFrame = (html: string): string => {
  const late = html.match(LATE) ?? []
  // Sheets before modules; functions, since what is put in must not be read as a pattern.
  const sorted = late.toSorted((a, b) => Number(b.includes('stylesheet')) - Number(a.includes('stylesheet')))
  return html
    .replace(LATE, '')
    .replace('</head>', () => `  <style>${FIRST_FRAME_STYLE}</style>\n  </head>`)
    .replace('</body>', () => `  ${sorted.join('').trimStart()}\n  </body>`)
}

/** Applies `withFirstFrame` to a page as it is built, after its style sheets and modules were named in it. */
export const firstFrame = (): Plugin => ({
  name: 'countersign:first-frame',
  transformIndexHtml: { order: 'post', handler: withFirstFrame },
})
