// Nothing here may ask another site: no validator, no fonts, no links taken from the address bar.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: 0,
  filter: true,
  operationsSorter: "alpha",
  persistAuthorization: false,
  queryConfigEnabled: false,
  tagsSorter: "alpha",
  tryItOutEnabled: true,
  validatorUrl: null,
});
