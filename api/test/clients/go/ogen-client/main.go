// Uses the client that ogen generates (package ogen): adds, renames, changes and lists. Prints the id of its city.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"goldenring/clients/ogen"
)

func main() {
	ctx := context.Background()
	client, err := ogen.NewClient(os.Args[1])
	check(err == nil, err)

	city := answer[*ogen.City](client.AddCity(ctx, &ogen.CityInput{Name: "New"}, ogen.AddCityParams{}))
	renamed := answer[*ogen.RenameCityOKHeaders](client.RenameCity(ctx, &ogen.CityInput{Name: "Renamed"}, ogen.RenameCityParams{ID: city.ID}))
	check(renamed.Response.Name == "Renamed" && renamed.ETag.Set, renamed)

	value := ogen.NewForecast{DateTime: 9007199254740993, Temperature: -7, Summary: ogen.NewOptNilString("Snow")}
	added := answer[*ogen.Forecast](client.AddForecast(ctx, &value, ogen.AddForecastParams{ID: city.ID}))
	check(added.DateTime == 9007199254740993, added)
	change := ogen.ChangedForecast{DateTime: 9007199254740993, Temperature: -8}
	changed := answer[*ogen.ChangeForecastOKHeaders](client.ChangeForecast(ctx, &change, ogen.ChangeForecastParams{ID: added.ID})).Response
	check(changed.CityId == city.ID && changed.Summary.Null, changed)

	params := ogen.ListWeatherParams{CityId: ogen.NewOptInt64(city.ID)}
	weather := answer[*ogen.ListWeatherOKHeaders](client.ListWeather(ctx, params)).Response
	check(len(weather) == 1 && len(weather[0].Forecast) == 1 && weather[0].Forecast[0].Temperature == -8, weather)
	missing := answer[*ogen.GetCityNotFound](client.GetCity(ctx, ogen.GetCityParams{ID: 9223372036854775807}))
	check(missing.Status == 404, missing)
	fmt.Println(city.ID)
}

func answer[Expected any](response any, err error) Expected {
	check(err == nil, err)
	expected, is := response.(Expected)
	check(is, response)
	return expected
}

func check(holds bool, what any) {
	if !holds {
		log.Fatalf("not as expected: %v", what)
	}
}
