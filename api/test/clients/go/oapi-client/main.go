// Uses the client that oapi-codegen generates (package oapi): adds, renames, changes and lists. Prints the id of its city.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"goldenring/clients/oapi"
)

func main() {
	ctx := context.Background()
	client, err := oapi.NewClientWithResponses(os.Args[1])
	check(err == nil, err)
	snow := "Snow"

	city, err := client.AddCityWithResponse(ctx, nil, oapi.CityInput{Name: "New"})
	check(err == nil && city.JSON200 != nil, err)
	id := city.JSON200.Id
	renamed, err := client.RenameCityWithResponse(ctx, id, nil, oapi.CityInput{Name: "Renamed"})
	check(err == nil && renamed.JSON200 != nil && renamed.JSON200.Name == "Renamed", err)

	value := oapi.NewForecast{DateTime: 9007199254740993, Temperature: -7, Summary: &snow}
	added, err := client.AddForecastWithResponse(ctx, id, nil, value)
	check(err == nil && added.JSON200 != nil && added.JSON200.DateTime == 9007199254740993, err)
	change := oapi.ChangedForecast{DateTime: 9007199254740993, Temperature: -8}
	changed, err := client.ChangeForecastWithResponse(ctx, added.JSON200.Id, nil, change)
	check(err == nil && changed.JSON200 != nil && changed.JSON200.CityId == id && changed.JSON200.Summary == nil, err)

	weather, err := client.ListWeatherWithResponse(ctx, &oapi.ListWeatherParams{CityId: &id})
	check(err == nil && weather.JSON200 != nil && len(*weather.JSON200) == 1, err)
	forecast := (*weather.JSON200)[0].Forecast
	check(len(forecast) == 1 && forecast[0].Temperature == -8 && forecast[0].DateTime == 9007199254740993, forecast)
	missing, err := client.GetCityWithResponse(ctx, 9223372036854775807)
	check(err == nil && missing.ApplicationproblemJSON404 != nil && missing.ApplicationproblemJSON404.Status == 404, err)
	fmt.Println(id)
}

func check(holds bool, what any) {
	if !holds {
		log.Fatalf("not as expected: %v", what)
	}
}
