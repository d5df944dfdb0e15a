import {
  createTheme,
  defaultVariantColorsResolver,
  rem,
  type CSSVariablesResolver,
  type MantineColorsTuple,
  type VariantColorsResolver,
} from '@mantine/core'

const ink: MantineColorsTuple = [
  '#f0f4fa',
  '#dde6f2',
  '#bacce3',
  '#93afd2',
  '#6e91c0',
  '#4f76ad',
  '#3a6099',
  '#2c4d7f',
  '#213b63',
  '#172a48',
]
const azure: MantineColorsTuple = [
  '#e9f3ff',
  '#d0e3fb',
  '#a3c6f4',
  '#72a6ec',
  '#4789e4',
  '#2a72d6',
  '#1d61c2',
  '#174fa0',
  '#123f80',
  '#0d2f61',
]
const warmGrey: MantineColorsTuple = [
  '#f9f8f6',
  '#f2f0ed',
  '#e7e4df',
  '#d8d4cd',
  '#bfb9b0',
  '#9c958a',
  '#6e675e',
  '#57514a',
  '#403b35',
  '#2a2622',
]
const warmDark: MantineColorsTuple = [
  '#e3dfd9',
  '#bdb7ae',
  '#a39c92',
  '#79736a',
  '#4a4641',
  '#3a3733',
  '#2c2a27',
  '#1f1d1b',
  '#191715',
  '#131210',
]

/** Light and subtle variants take the darkest (light scheme) and a pale (dark scheme) shade as text: AA on any ground of ours. */
const variantColors: VariantColorsResolver = (input) => {
  const resolved = defaultVariantColorsResolver(input)
  const name = (input.color ?? input.theme.primaryColor).split('.')[0] ?? ''
  if ((input.variant !== 'light' && input.variant !== 'subtle') || !(name in input.theme.colors)) return resolved
  const shade = (n: number) => `var(--mantine-color-${name}-${n})`
  return { ...resolved, color: `light-dark(${shade(9)}, ${shade(1)})` }
}

/** Ink blue on warm grey, azure the one accent; system fonts, 14 px body, steps of 4 px. */
export const theme = createTheme({
  primaryColor: 'ink',
  primaryShade: { light: 7, dark: 5 },
  colors: { ink, azure, gray: warmGrey, dark: warmDark },
  variantColorResolver: variantColors,
  fontFamily: 'system-ui, "Segoe UI", Roboto, Ubuntu, Cantarell, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "Cascadia Mono", Menlo, "DejaVu Sans Mono", monospace',
  fontSizes: { xs: rem(12), sm: rem(14), md: rem(14), lg: rem(16), xl: rem(20) },
  lineHeights: { xs: '1.35', sm: '1.45', md: '1.5', lg: '1.5', xl: '1.4' },
  spacing: { xs: rem(8), sm: rem(12), md: rem(16), lg: rem(24), xl: rem(32) },
  headings: {
    fontWeight: '600',
    sizes: {
      h1: { fontSize: rem(20), lineHeight: '1.3' },
      h2: { fontSize: rem(16), lineHeight: '1.35' },
      h3: { fontSize: rem(14), lineHeight: '1.4' },
    },
  },
  defaultRadius: 'sm',
  radius: { xs: rem(2), sm: rem(4), md: rem(6), lg: rem(8), xl: rem(12) },
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
  components: {
    Badge: { defaultProps: { variant: 'light', radius: 'sm' }, styles: { root: { textTransform: 'none' } } },
    Paper: { defaultProps: { withBorder: true, p: 'md' } },
    Modal: {
      defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.45 } },
      styles: { title: { fontSize: rem(16), fontWeight: 600 } },
    },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: true } },
    Popover: { defaultProps: { shadow: 'md', withArrow: true } },
  },
})

/** Tokens beside Mantine's: page ground, frame, accent and the four states. Every pair of text and ground is AA. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: { '--cs-nav-ground': '#172a48', '--cs-nav-text': '#dde6f2', '--cs-nav-active': '#2c4d7f' },
  light: {
    '--mantine-color-dimmed': '#655f56',
    '--mantine-color-placeholder': '#6e675e',
    '--mantine-color-error': '#a8201a',
    '--mantine-color-anchor': '#174fa0',
    '--cs-ground': '#f5f3f0',
    '--cs-panel': '#ffffff',
    '--cs-line': '#ddd9d2',
    '--cs-accent': '#1d61c2',
    '--cs-accent-soft': '#e4effc',
    '--cs-ok': '#1b6b3a',
    '--cs-warn': '#8a5300',
    '--cs-bad': '#a8201a',
    '--cs-ok-soft': '#e3f3e8',
    '--cs-warn-soft': '#fdf0d9',
    '--cs-bad-soft': '#fce8e6',
    '--cs-idle-soft': '#eeebe6',
  },
  dark: {
    '--mantine-color-dimmed': '#aca59b',
    '--mantine-color-placeholder': '#a39c92',
    '--mantine-color-error': '#ffa39c',
    '--mantine-color-anchor': '#8fbcf5',
    '--cs-ground': '#191715',
    '--cs-panel': '#22201d',
    '--cs-line': '#3a3733',
    '--cs-accent': '#72a6ec',
    '--cs-accent-soft': '#1c2c44',
    '--cs-ok': '#7fd69c',
    '--cs-warn': '#f2c069',
    '--cs-bad': '#ffa39c',
    '--cs-ok-soft': '#17301f',
    '--cs-warn-soft': '#372810',
    '--cs-bad-soft': '#3d1a18',
    '--cs-idle-soft': '#2f2c28',
  },
})
