import { useLayoutEffect, useState, type RefObject } from 'react'

/**
 * Distance of a part from the top of the window, were nothing scrolled: what is left below it is its height. Followed
 * when what stands above it grows or shrinks.
 */
export const useTop = (part: RefObject<HTMLElement | null>): number => {
  const [top, setTop] = useState(0)
  useLayoutEffect(() => {
    const element = part.current
    const frame = element?.offsetParent
    if (!(element instanceof HTMLElement) || !(frame instanceof HTMLElement)) return undefined
    const measure = () => setTop(frame.offsetTop + element.offsetTop)
    const watch = new ResizeObserver(measure)
    watch.observe(frame)
    for (const sibling of element.parentElement?.children ?? []) watch.observe(sibling)
    measure()
    return () => watch.disconnect()
  }, [part])
  return top
}
