window.onload = async () => {
  const ui = SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    persistAuthorization: true,
    validatorUrl: null,
    defaultModelsExpandDepth: 2,
    defaultModelExpandDepth: 3,
    onComplete: async () => {
      // Only the local issuer gives a token away, and only to this page.
      const answer = await fetch("/docs/token");
      if (answer.status === 200) {
        const token = await answer.text();
        const schemes = ui.specSelectors.specJson().toJS().components?.securitySchemes ?? {};
        for (const [name, scheme] of Object.entries(schemes)) {
          if (scheme.type === "http" && scheme.scheme.toLowerCase() === "bearer") {
            ui.preauthorizeApiKey(name, token);
          }
        }
      }
    },
  });
  window.ui = ui;
};
