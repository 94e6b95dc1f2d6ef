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
        ui.preauthorizeApiKey("bearerAuth", await answer.text());
      }
    },
  });
  window.ui = ui;
};
