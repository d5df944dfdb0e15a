/** The product's mark, beside the page. */
export const LOGO = `${import.meta.env.BASE_URL}countersign.svg`
